"""Bilinear image resizing, by a weight matrix for each axis; the rules differ only in whether shrinking smooths."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

Rule = Literal["matlab", "opencv"]
RULES: tuple[str, ...] = get_args(Rule)
Image = np.ndarray[Any, np.dtype[np.float32]]
Matrix = np.ndarray[Any, np.dtype[np.float64]]
Taps = np.ndarray[Any, np.dtype[np.int64]]


def resize(image: Image, size: tuple[int, int], rule: Rule) -> Image:
    """Resize (H, W, C) to (height, width, C), float32, in the image's own units.

    `matlab` is imresize(..., 'bilinear'): the triangle is widened when shrinking, so that every pixel counts.
    `opencv` is cv2.resize(INTER_LINEAR) on floats: two neighbours per axis, whatever the factor.
    Both take pixel centres at half-integers; `matlab` mirrors the image at its border, `opencv` repeats it.
    """
    rows = weights(image.shape[0], size[0], smooth=rule == "matlab")
    columns = weights(image.shape[1], size[1], smooth=rule == "matlab")
    resized: Image = np.einsum("hy,yxc,wx->hwc", rows, image, columns, optimize=True)
    return resized.astype(np.float32)


@lru_cache(maxsize=64)
def weights(before: int, after: int, *, smooth: bool) -> Matrix:
    """Return the (after, before) matrix of linear interpolation along one axis."""
    scale = after / before
    width = min(scale, 1.0) if smooth else 1.0
    centre = (np.arange(after) + 0.5) / scale - 0.5
    reach = int(np.ceil(1 / width))
    taps = np.floor(centre)[:, None] + np.arange(-reach, reach + 2)
    weight = np.maximum(0, 1 - np.abs(taps - centre[:, None]) * width)
    matrix: Matrix = np.zeros((after, before))
    np.add.at(matrix, (np.arange(after)[:, None], _inside(taps.astype(int), before, smooth)), weight)
    matrix /= matrix.sum(1, keepdims=True)
    return matrix


def _inside(taps: Taps, size: int, mirrored: bool) -> Taps:
    """Return the pixel that each tap reads, beyond the border too."""
    if not mirrored:
        return np.clip(taps, 0, size - 1)
    around = taps % (2 * size)
    return np.where(around < size, around, 2 * size - 1 - around)
