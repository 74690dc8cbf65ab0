"""Slice at another size: the slice points stay, the last piece takes what is left."""

from __future__ import annotations

import numpy as np
from one_layer import net_of

from converter.loading import to_module
from converter.tracing import trace


def test_last_piece_grows_with_the_bottom(tmp_path) -> None:
    param = "axis: 2 slice_point: [1, 3]"
    text = f'layer {{ type: "Slice" bottom: "x" top: ["a", "b", "c"] slice_param {{ {param} }} }}'
    module = to_module(net_of(tmp_path, text, x=np.zeros((2, 3, 4))), None)
    x = np.arange(30.0).reshape(1, 3, 10)
    blobs = trace(module, {"x": x})
    np.testing.assert_array_equal(blobs["b"], x[:, :, 1:3])
    np.testing.assert_array_equal(blobs["c"], x[:, :, 3:])
