"""Sigmoid, Swish and BNLL far out, where a careless formula overflows; the expected values are scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect
from scipy.special import expit

FAR = np.array([[-800.0, -37.5, -0.0, 12.5, 19.5, 20.5, 49.0, 900.0]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Sigmoid", expit(FAR)),
        ("Swish", FAR * expit(FAR)),
        ("BNLL", np.logaddexp(0, FAR)),
    ],
)
def test_far_values_stay_finite(tmp_path, kind: str, expected: np.ndarray) -> None:
    expect(tmp_path, f'layer {{ type: "{kind}" bottom: "x" top: "y" }}', expected, x=FAR)
