"""`trace`: what it takes, and that it changes nothing of the caller's."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import net_of

from converter.loading import to_module
from converter.tracing import trace

X = np.arange(-6, 6, dtype=np.float32).reshape(2, 3, 2)


def test_a_mirrored_view_is_taken_and_kept(tmp_path) -> None:
    """torch takes no negative strides, and a layer in place must not write to the caller's array."""
    net = net_of(tmp_path, 'layer { type: "ReLU" bottom: "x" top: "x" }', x=X)
    mirrored = X.copy()[:, ::-1]
    found = trace(to_module(net, None), {"x": mirrored})
    np.testing.assert_array_equal(found["x"], np.maximum(X[:, ::-1], 0))
    np.testing.assert_array_equal(mirrored, X[:, ::-1])


def test_other_inputs_are_named(tmp_path) -> None:
    net = net_of(tmp_path, 'layer { type: "ReLU" bottom: "x" top: "y" }', x=X)
    with pytest.raises(ValueError, match=r"takes the inputs \['x'\], found \['data'\]"):
        trace(to_module(net, None), {"data": X})
