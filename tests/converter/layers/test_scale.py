"""Scale and Bias that do not fit."""

from __future__ import annotations

import pytest
from one_layer import refuse
from weighted_net import normal


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        ('type: "Scale" bottom: "x" scale_param { num_axes: 4 }', "num_axes is 4; from axis 1 on"),
        ('type: "Scale" bottom: "x" scale_param { num_axes: -2 }', "-1 takes them all"),
        ('type: "Bias" bottom: "x" bias_param { axis: 4 }', "axis 4 is out of range"),
        ('type: "Bias" bottom: "x" bottom: "z"', "bottom 1 has shape"),
    ],
)
def test_operand_that_does_not_fit_is_refused(tmp_path, layer, match) -> None:
    text = f'layer {{ name: "s" top: "y" {layer} }}'
    refuse(tmp_path, text, match, x=normal(2, 3, 4, 5), z=normal(4, 5))
