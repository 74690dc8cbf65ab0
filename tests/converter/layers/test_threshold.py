"""Threshold at a value that no decimal of float32 meets exactly."""

from __future__ import annotations

import numpy as np
from one_layer import expect

TEXT = 'layer { type: "Threshold" bottom: "x" top: "y" threshold_param { threshold: 0.1 } }'


def test_value_equal_to_the_threshold_gives_zero(tmp_path) -> None:
    x = np.float32([0.1, np.nextafter(np.float32(0.1), np.float32(1)), 0.0999])
    expect(tmp_path, TEXT, [0, 1, 0], x=x)
