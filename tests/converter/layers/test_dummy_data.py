"""DummyData with random fillers is an input; constants must fit the tops."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import compute, net_of, refuse

TEXT = 'layer {{ name: "d" type: "DummyData" top: "a" top: "b" dummy_data_param {{ {} }} }}'
SHAPES = "shape { dim: 2 dim: 3 } shape { dim: 5 }"


def test_random_filler_makes_inputs(tmp_path) -> None:
    net = net_of(tmp_path, TEXT.format(SHAPES + ' data_filler { type: "gaussian" }'))
    assert (net.inputs, net.shapes["a"], net.shapes["b"]) == (("a", "b"), (2, 3), (5,))


def test_constants_are_float32_in_every_precision(tmp_path) -> None:
    blobs = compute(tmp_path, TEXT.format(SHAPES + " data_filler { value: 0.1 }"))
    np.testing.assert_array_equal(blobs["a"], np.full((2, 3), np.float32(0.1), float))


@pytest.mark.parametrize(
    ("param", "match"),
    [
        (SHAPES + " shape { dim: 1 }", "gives shape 3 times"),
        (SHAPES + " data_filler { } data_filler { } data_filler { }", "gives data_filler 3 times"),
        ("num: 2 channels: 1 height: 1", "give each once, or for each top"),
        ("num: 2 shape { dim: 2 }", "gives both shape and num"),
        ("", "gives shape 0 times"),
    ],
)
def test_counts_that_caffe_refuses_are_refused(tmp_path, param: str, match: str) -> None:
    refuse(tmp_path, TEXT.format(param), match)
