"""Reshape at another batch and image size, and the shapes that Caffe refuses."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import net_of, refuse

from converter.loading import to_module
from converter.tracing import trace

TEXT = 'layer {{ type: "Reshape" bottom: "x" top: "y" reshape_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("param", "shape"),
    [
        ("shape { dim: 0 dim: -1 dim: 3 }", (3, 42, 3)),
        ("shape { dim: 0 dim: 0 dim: -1 }", (3, 6, 21)),
        ("shape { dim: -1 } axis: 1 num_axes: 2", (3, 18, 7)),
        ("shape { dim: 2 dim: -1 } axis: 1 num_axes: 1", (3, 2, 3, 3, 7)),
        ("shape { dim: 1 dim: 1 } axis: -1", (3, 6, 3, 7, 1, 1)),
        ("shape { dim: -1 dim: 1 } axis: -1", (3, 6, 3, 7, 1, 1)),
        ("num_axes: 0", (3, 6, 3, 7)),
    ],
)
def test_reads_sizes_from_the_tensor(tmp_path, param: str, shape: tuple[int, ...]) -> None:
    module = to_module(net_of(tmp_path, TEXT.format(param), x=np.zeros((2, 6, 2, 3))), None)
    larger = np.arange(3 * 6 * 3 * 7.0).reshape(3, 6, 3, 7)
    y = trace(module, {"x": larger})["y"]
    assert y.shape == shape
    np.testing.assert_array_equal(y.reshape(larger.shape), larger)


@pytest.mark.parametrize(
    ("param", "match"),
    [
        ("shape { dim: 2 dim: 3 dim: 5 dim: 0 }", "has no axis of"),
        ("shape { dim: -2 }", "none below"),
        ("shape { dim: -1 } axis: 4", "axis 4 is out of range"),
        ("shape { dim: -1 } axis: 1 num_axes: 3", "exceeds the 3 axes"),
        ("shape { dim: -1 } num_axes: -2", "num_axes is -2"),
    ],
)
def test_shape_that_caffe_refuses_is_refused(tmp_path, param: str, match: str) -> None:
    refuse(tmp_path, TEXT.format(param), match, x=np.zeros((2, 3, 5)))
