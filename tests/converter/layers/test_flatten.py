"""Flatten of no axes: an end_axis one before axis puts an axis of 1 there (flatten_layer.cpp counts an empty range)."""

from __future__ import annotations

import numpy as np
from one_layer import expect, refuse

X = np.random.default_rng(6).standard_normal((2, 3, 5))
TEXT = 'layer {{ type: "Flatten" bottom: "x" top: "y" flatten_param {{ axis: 2 end_axis: {} }} }}'


def test_flatten_of_no_axes_inserts_one(tmp_path) -> None:
    expect(tmp_path, TEXT.format(1), X[:, :, None], x=X)


def test_end_axis_further_before_axis_is_refused(tmp_path) -> None:
    refuse(tmp_path, TEXT.format(0), "end_axis 0 lies before axis 2", x=X)
