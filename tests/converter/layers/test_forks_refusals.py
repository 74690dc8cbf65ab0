"""What the fork layers of shape and order refuse."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import refuse

X = np.zeros((2, 6, 5, 4))


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        ('type: "Permute" permute_param { order: 1 order: 1 }', "each axis below 4 once"),
        ('type: "Permute" permute_param { order: 4 }', "each axis below 4 once"),
        ('type: "Transpose" transpose_param { dim: 1 dim: 0 }', "each of the 4 axes once"),
        (
            'type: "ShuffleChannel" shuffle_channel_param { group: 4 }',
            "does not divide the 6 channels",
        ),
        ('type: "Reverse" reverse_param { axis: 4 }', "axis 4 is out of range"),
        ('type: "Reorg" reorg_param { stride: 2 }', "stride 2 squared does not divide"),
        ('type: "Reorg"', "stride is 0"),
    ],
)
def test_fork_layer_refuses(tmp_path, layer: str, match: str) -> None:
    refuse(tmp_path, f'layer {{ bottom: "x" top: "y" {layer} }}', match, x=X)


def test_axpy_refuses_a_factor_of_another_shape(tmp_path) -> None:
    text = 'layer { type: "Axpy" bottom: "a" bottom: "x" bottom: "z" top: "y" }'
    refuse(tmp_path, text, r"it must be \(2, 6\)", a=np.zeros((2, 5)), x=X, z=X)
