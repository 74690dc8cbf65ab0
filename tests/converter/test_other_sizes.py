"""A module built at the declared size against the reference at another batch and image size.

Every recorded net is fed more images, and larger ones wherever Caffe could reshape it without other weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden import assert_close, cases, find, load_case

from converter import tolerance
from converter.errors import CaffeError
from converter.loading import to_module
from converter.net import Net, load_net
from converter.program import Shape
from converter.reference import evaluate
from converter.tracing import trace
from converter.weights import Weights, load_weights

GROWTH = ((1, 0, 3, 2), (1, 0, 4, 4), (1,), (0, 0, 3, 2))
"""How much the axes grow; the first that the net allows is taken. Beside images, lists only grow in number."""

Fed = dict[str, Any]


def grown(array: np.ndarray, growth: Shape) -> np.ndarray:
    """The recorded input, repeated into more images and larger ones."""
    by = (*growth, *(0,) * array.ndim)[: array.ndim]
    return np.pad(array, [(0, more) for more in by], "wrap") if by else array


def at_another_size(
    net: Net, path: str, weights: Weights | None, fed: Fed, **state: Any
) -> tuple[Fed, Fed] | None:
    """Larger inputs and the reference's blobs, or None where Caffe could not reshape the net."""
    for growth in GROWTH:
        larger = {
            name: grown(array, growth if array.ndim > 3 or len(fed) == 1 else growth[:1])
            for name, array in fed.items()
        }
        try:
            shapes = {name: array.shape for name, array in larger.items()}
            other = load_net(path, input_shape=shapes, **state)
            if any(a.blobs != b.blobs for a, b in zip(net.steps, other.steps, strict=True)):
                continue
            return larger, evaluate(other, weights, larger, allow_missing=True)
        except CaffeError:
            continue
    return None


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in ("layers", "forks") for name in cases(group)]
)
def test_module_equals_reference_at_another_size(group: str, name: str, shared) -> None:
    net, path, fed, _ = load_case(group, name)
    case = find(group, name)
    state = {key: case.get(key) or empty for key, empty in (("stages", ()), ("level", 0))}
    prototxt = shared / "goldens" / group / name / "net.prototxt"
    weights = load_weights(path) if path else None
    other = at_another_size(net, prototxt, weights, fed, phase=case["phase"], **state)
    if other is None:
        pytest.skip("Caffe could not reshape it")
    larger, expected = other
    module = to_module(net, weights, allow_missing=True).double()
    found = trace(module, {key: array.astype(float) for key, array in larger.items()})
    for blob, array in expected.items():
        assert_close(blob, found[blob], array, tolerance.FLOAT64)
