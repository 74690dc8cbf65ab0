"""Exp and Log against the powers and logarithms of Python's math, and the bases that have none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from one_layer import expect, refuse

X = np.array([[0.25, 3.0, 1.5]])


def test_exp_with_base_scale_and_shift_is_a_power(tmp_path) -> None:
    text = 'layer { type: "Exp" bottom: "x" top: "y" exp_param { base: 3 scale: -2 shift: 0.5 } }'
    expect(tmp_path, text, [[math.pow(3, 0.5 - 2 * x) for x in X[0]]], x=X)


def test_log_with_base_scale_and_shift_is_a_logarithm(tmp_path) -> None:
    text = 'layer { type: "Log" bottom: "x" top: "y" log_param { base: 0.5 scale: 4 shift: 1 } }'
    expect(tmp_path, text, [[math.log(1 + 4 * x, 0.5) for x in X[0]]], x=X)


@pytest.mark.parametrize("base", ["0", "-2"])
@pytest.mark.parametrize("kind", ["Exp", "Log"])
def test_base_without_logarithm_is_refused(tmp_path, kind: str, base: str) -> None:
    text = (
        f'layer {{ type: "{kind}" bottom: "x" top: "y" {kind.lower()}_param {{ base: {base} }} }}'
    )
    refuse(tmp_path, text, "must be above 0, or -1 for e", x=X)


def test_log_of_base_one_is_refused(tmp_path) -> None:
    refuse(
        tmp_path,
        'layer { type: "Log" bottom: "x" top: "y" log_param { base: 1 } }',
        "base is 1",
        x=X,
    )
