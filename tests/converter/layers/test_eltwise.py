"""Eltwise in place: Caffe clears bottom 0 before SUM and MAX read it, but not before PROD."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import compute

A, B, C = np.random.default_rng(5).standard_normal((3, 2, 3))


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("operation: SUM coeff: 2 coeff: 3 coeff: -0.5", 3 * B - 0.5 * C),
        ("operation: MAX", np.maximum(B, C)),
        ("operation: PROD", A * B * C),
    ],
)
def test_in_place_gives_what_caffe_gives(tmp_path, param: str, expected: np.ndarray) -> None:
    text = (
        'layer { type: "Eltwise" bottom: "a" bottom: "b" bottom: "c" top: "a" '
        f"eltwise_param {{ {param} }} }}"
    )
    np.testing.assert_allclose(compute(tmp_path, text, a=A, b=B, c=C)["a"], expected, rtol=1e-14)
