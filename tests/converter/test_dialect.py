"""Binary nets of forks: whose numbers they use, and that they need no prototxt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from golden import GOLDENS, cases

from converter.cli import main
from converter.errors import InvalidNetError
from converter.files.dialect import choose_dialect
from converter.loading import load
from converter.net import load_net
from converter.tracing import trace
from protos import DIALECTS, NetParameter
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


def binary(folder: Path, fused: bytes, more: bytes = b"") -> Path:
    """A net of an Input and a ReLU, whose layer has these further bytes in `relu_param` and beside it."""
    net = NetParameter()
    data = net.layer.add(name="data", type="Input", top=["data"])
    data.input_param.shape.add(dim=[2, 3])
    net.layer.add(name="r", type="ReLU", bottom=["data"], top=["r"])
    layer = net.layer[1].SerializeToString() + b"\xda\x07" + bytes([len(fused)]) + fused + more
    net.layer.pop()
    path = folder / "net.caffemodel"
    path.write_bytes(net.SerializeToString() + b"\xa2\x06" + bytes([len(layer)]) + layer)
    return path


def test_fields_that_nobody_reads_are_told(tmp_path: Path) -> None:
    """3 in relu_param is `fuse` of intel/caffe: what is fused changes the outputs."""
    net = load_net(binary(tmp_path, b"\x18\x01"))
    (note,) = net.warnings
    assert note.startswith(
        "fields that are not known were not read; if outputs depend on them, give"
    )
    assert note.endswith("the prototxt: relu_param.3 of ReLU ('r')")


def test_known_fields_and_those_without_effect_are_not_told(tmp_path: Path) -> None:
    """1 is negative_slope; 146 of every layer is nvcaffe's backward_type."""
    net = load_net(binary(tmp_path, b"\x0d\x00\x00\x80\x3e", b"\x90\x09\x02"))
    (note,) = net.warnings
    assert "as those of nvcaffe" in note
    assert net.layers[1].negative_slope == 0.25
