"""What Caffe refuses, or silently accepts: each recorded case answered as its `expect` says."""

from __future__ import annotations

import numpy as np
import pytest
from golden import GOLDENS, find, index

from converter.conversion import prepare
from converter.errors import CaffeError, InvalidNetError
from converter.loading import load
from converter.net import load_net
from converter.reference import evaluate
from converter.tracing import trace

CASES = [case["case"] for case in index() if case["group"] == "invalid"]
AT_FORWARD = {"batchreindex_range"}  # the fault is in what is fed; see its own test below

# What the message must name, where the case is about one thing.
NAMED = {
    "unknown_bottom": ("'dta'", "'r'"),
    "two_producers": ("'o'",),
    "read_before_inplace": ("'x'", "in place"),
    "unknown_type": ("'Relu'", "'ReLU'"),
    "unknown_field": ("slope", "14"),
    "unknown_enum": ("MEAN", "14"),
    "missing_required": ("clip_param", "max"),
    "scalar_twice": ("num_output", "14"),
    "mixed_layer_layers": ("layers",),
    "conv_group_indivisible": ("group",),
    "pool_pad_ge_kernel": ("pad", "kernel"),
    "pool_stochastic": ("STOCHASTIC",),
    "lrn_even": ("local_size", "odd"),
    "eltwise_shapes": ("(2, 3)", "(2, 4)"),
    "param_share_shape": ("'w'", "(4, 3)", "(3, 4)"),
    "model_wrong_shape": ("'ip'", "(2, 4)", "(2, 3)"),
    "model_transposed_shape": ("'ip'", "(3, 2)", "(2, 3)"),
    "model_flat_shape": ("'ip'", "(6,)", "(2, 3)"),
    "model_legacy_2311": ("'ip'", "(2, 3, 1, 1)", "(2, 3)"),
    "model_blob_count": ("'ip'",),
    "model_no_blobs_layer": ("'ip'",),
    "model_empty_file": ("empty",),
    "model_text": ("text",),
    "model_short_data": ("'ip'", "3", "6"),
}


def convert(name: str) -> tuple[str, ...]:
    """Convert a case as far as files need not be written; returns the notes."""
    folder = GOLDENS / "invalid" / name
    model = folder / "net.caffemodel"
    # A layer without stored weights is no fault of these cases: it has a constant filler.
    conversion = prepare(
        model if model.is_file() else None, folder / "net.prototxt", allow_missing=True
    )
    return conversion.notes


def guesses(notes: tuple[str, ...]) -> list[str]:
    """The notes that are about the case, not about the missing mean or the fillers."""
    return [
        note
        for note in notes
        if not note.startswith(("no mean is subtracted", "filled as the net's text says"))
    ]


@pytest.mark.parametrize("name", [name for name in CASES if name not in AT_FORWARD])
def test_answer_is_as_expected(name: str) -> None:
    expect = find("invalid", name)["expect"]
    if expect == "refuse":
        with pytest.raises(CaffeError, match=r"net\.(prototxt|caffemodel)") as caught:
            convert(name)
        message = str(caught.value)
        assert len(message) > 30
        for part in NAMED.get(name, ()):
            assert part in message, message
    else:
        assert bool(guesses(convert(name))) == (expect == "warn")


ACCEPTED = [name for name in CASES if find("invalid", name)["expect"] != "refuse"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_net_has_caffes_shapes(name: str) -> None:
    net = load_net(GOLDENS / "invalid" / name / "net.prototxt")
    blobs = find("invalid", name)["result"]["blobs"]
    for blob in (blob for blob in blobs if "_split_" not in blob):
        assert net.shapes[blob] == tuple(blobs[blob])


def test_index_beyond_the_batch_is_refused_at_forward(shared) -> None:
    path = shared / "goldens" / "invalid" / "batchreindex_range" / "net.prototxt"
    fed = {"a": np.zeros((2, 3), np.float32), "b": np.array([0, 2], np.float32)}
    with pytest.raises(IndexError, match="out of range"):
        trace(load(None, path), fed)
    with pytest.raises(InvalidNetError, match=r"index 2 .* batch of 2"):
        evaluate(load_net(path), None, fed)
