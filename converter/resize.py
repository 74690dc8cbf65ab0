"""Bilinear image resizing, by a weight matrix for each axis; the rules differ only in whether shrinking smooths."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

Rule = Literal["matlab", "opencv"]
RULES: tuple[str, ...] = get_args(Rule)
Image = np.ndarray[Any, np.dtype[np.float32]]
Matrix = np.ndarray[Any, np.dtype[np.float64]]


def resize(image: Image, size: tuple[int, int], rule: Rule) -> Image:
    """Resize (H, W, C) to (height, width, C), float32, in the image's own units.

    `matlab` is imresize(..., 'bilinear'): the triangle is widened when shrinking, so that every pixel counts.
    `opencv` is cv2.resize(INTER_LINEAR) on floats: two neighbours per axis, whatever the factor.
    Both take pixel centres at half-integers and repeat the border.
    """
    rows = weights(image.shape[0], size[0], smooth=rule == "matlab")
    columns = weights(image.shape[1], size[1], smooth=rule == "matlab")
    return np.einsum("hy,yxc,wx->hwc", rows, image, columns, optimize=True).astype(np.float32)


@lru_cache(maxsize=64)
def weights(before: int, after: int, *, smooth: bool) -> Matrix:
    """Return the (after, before) matrix of linear interpolation along one axis."""
    scale = after / before
    width = min(scale, 1.0) if smooth else 1.0
    centre = (np.arange(after) + 0.5) / scale - 0.5
    reach = int(np.ceil(1 / width))
    taps = np.floor(centre)[:, None] + np.arange(-reach, reach + 2)
    weight = np.maximum(0, 1 - np.abs(taps - centre[:, None]) * width)
    matrix = np.zeros((after, before))
    np.add.at(matrix, (np.arange(after)[:, None], np.clip(taps, 0, before - 1).astype(int)), weight)
    return matrix / matrix.sum(1, keepdims=True)
