"""Interp refuses what the fork refuses."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import refuse


@pytest.mark.parametrize(
    ("param", "match"),
    [
        ("height: 5", "needs height and width"),
        ("", "needs height and width"),
        ("zoom_factor: 2 pad_beg: 1", "must be 0 or negative"),
        ("zoom_factor: 0", "must be at least 1"),
        ("zoom_factor: 2 pad_beg: -2 pad_end: -1", "leave nothing of"),
    ],
)
def test_size_that_cannot_be_is_refused(tmp_path, param: str, match: str) -> None:
    text = f'layer {{ type: "Interp" bottom: "x" top: "y" interp_param {{ {param} }} }}'
    refuse(tmp_path, text, match, x=np.zeros((1, 2, 3, 4)))
