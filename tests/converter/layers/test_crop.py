"""A crop whose second bottom becomes too large must fail when it runs, not cut less."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import net_of, refuse

from converter.loading import to_module
from converter.tracing import trace

TEXT = 'layer { type: "Crop" bottom: "x" bottom: "like" top: "y" crop_param { axis: 2 offset: 1 } }'
X = np.random.default_rng(9).standard_normal((2, 3, 6, 7))


def test_crop_beyond_the_border_fails(tmp_path) -> None:
    module = to_module(net_of(tmp_path, TEXT, x=X, like=np.zeros((1, 1, 4, 5))), None)
    with pytest.raises(RuntimeError, match="exceeds dimension size"):
        trace(module, {"x": X, "like": np.zeros((1, 1, 6, 5))})


def test_second_bottom_with_too_few_axes_is_refused(tmp_path) -> None:
    refuse(tmp_path, TEXT, "has no axis 2 to crop to", x=X, like=np.zeros((2, 3)))
