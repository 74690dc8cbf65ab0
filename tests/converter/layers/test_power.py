"""Power where no case was recorded: constants that are no finite number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from one_layer import expect

X = np.array([[1.0, -2.0, 0.5]])


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("scale: 0 shift: -4 power: 0.5", math.nan),
        ("scale: 0 shift: 0 power: -1", math.inf),
        ("scale: 0 power: 0", 1.0),
        ("scale: 0 shift: 2.5", 2.5),
    ],
)
def test_without_input_is_constant(tmp_path, param: str, value: float) -> None:
    text = f'layer {{ type: "Power" bottom: "x" top: "y" power_param {{ {param} }} }}'
    expect(tmp_path, text, np.full(X.shape, value), x=X)
