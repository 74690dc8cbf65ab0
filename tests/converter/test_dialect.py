"""Binary nets of forks: whose numbers they use, and that they need no prototxt."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT
from golden import GOLDENS, cases

from converter.cli import main
from converter.dialect import choose_dialect
from converter.errors import InvalidNetError
from converter.loading import load
from converter.net import load_net
from converter.tracing import trace
from protos import DIALECTS
from protos.forks import REPOSITORIES


@pytest.mark.parametrize("name", cases("forks"))
def test_binary_net_alone_computes_what_it_computes_with_its_text(name: str) -> None:
    """The numbers in these files are the forks' own; the weights are those of one file, so equality is exact."""
    folder = GOLDENS / "forks" / name
    recorded = np.load(folder / "blobs.npz")
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    model = folder / "net.caffemodel"
    outputs = load_net(folder / "net.prototxt").outputs
    found, expected = trace(load(model), fed), trace(load(model, folder / "net.prototxt"), fed)
    assert load_net(model).outputs == outputs
    for blob in outputs:
        np.testing.assert_array_equal(found[blob], expected[blob])


GUESSED = [
    ("bn_psp", "pspnet", "layer 'op' (BN) has field 152"),
    ("net_segnet_mini", "segnet", "(Upsample) has field 137"),
    ("upsample_scale2", "enet", "layer 'op' (Upsample) has field 147"),
    ("upsample_yolo2", "mobilenet-yolo", "layer 'op' (Upsample) has field 150"),
    ("normalize_l2_hn", "caffe-windows", "layer 'op' (Normalize) has field 214"),
    ("yolo3_tiny", "mobilenet-yolo", "layer 'op' is of type Yolov3DetectionOutput"),
]


@pytest.mark.parametrize(("case", "dialect", "reason"), GUESSED)
def test_dialect_is_guessed_with_a_note(shared, case: str, dialect: str, reason: str) -> None:
    path = shared / "goldens" / "forks" / case / "net.caffemodel"
    (note,) = load_net(path).warnings
    assert choose_dialect(path, None) == (dialect, (note,))
    assert f"as those of {dialect} ({REPOSITORIES[dialect]})" in note and reason in note
    assert load_net(path, dialect=dialect).warnings == ()


def test_scalar_on_a_layer_names_nvcaffe(shared) -> None:
    path = shared / "models/yufacedetect-v1/yufacedetectnet-open-v1.caffemodel"
    dialect, (note,) = choose_dialect(path, None)
    assert dialect == "nvcaffe" and "layer 'data' (AnnotatedData) has field 145" in note


@pytest.mark.parametrize(
    "place",
    [
        "forks/permute_0231",  # four forks agree on 202
        "forks/axpy_se_block",  # no number, and a fork without numbers of its own has the type
        "nets/inception",  # BVLC Caffe's
        "formats/v0_binary",
    ],
)
def test_nothing_is_guessed_where_nothing_tells(shared, place: str) -> None:
    assert choose_dialect(shared / "goldens" / place / "net.caffemodel", None) == (None, ())


def test_text_needs_no_dialect(shared) -> None:
    assert choose_dialect(shared / "goldens/forks/bn_psp/net.prototxt", None) == (None, ())


def test_unknown_dialect_is_refused(shared, capsys) -> None:
    path = shared / "goldens/forks/bn_psp/net.caffemodel"
    message = r"net\.caffemodel: unknown dialect 'pspnt'; did you mean 'pspnet'\? known are caffe-windows, "
    with pytest.raises(InvalidNetError, match=message):
        load_net(path, dialect="pspnt")
    with pytest.raises(SystemExit) as stopped:
        main([str(path), "--dialect", "pspnt"])
    assert stopped.value.code == 2
    assert "argument --dialect: invalid choice: 'pspnt' (choose from" in capsys.readouterr().err


def test_every_dialect_has_its_row() -> None:
    page = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `")]
    assert [(name.strip(" `"), where.strip()) for name, where in rows[1:]] == [
        (name, REPOSITORIES[name]) for name in DIALECTS
    ]
