"""MATLAB's imresize(..., 'bilinear'), antialiased as it is by default.

The rule that `contributions` in imresize.m documents: the triangle is stretched by the shrinking factor, the weights
are normalised, and beyond the border the image is mirrored, border pixel included.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .axis_weights import apply, matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from .resize import Floats, Image


def resize_as_matlab(image: Image, size: tuple[int, int]) -> Floats:
    """Resize (H, W, C) to (height, width, C) float32."""
    return apply(_weights(image.shape[0], size[0]), _weights(image.shape[1], size[1]), image)


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> csr_array[Any]:
    squeeze = min(after / before, 1.0)
    centre = (np.arange(after)[:, None] + 0.5) * (before / after) - 0.5
    reach = int(np.ceil(1 / squeeze))
    taps = np.floor(centre).astype(np.intp) + np.arange(-reach, reach + 2)
    weight = np.maximum(0, 1 - np.abs(taps - centre) * squeeze)
    weight /= weight.sum(1, keepdims=True)
    around = taps % (2 * before)
    return matrix(weight, np.where(around < before, around, 2 * before - 1 - around), before)
