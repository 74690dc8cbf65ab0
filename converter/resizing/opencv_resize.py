"""cv2.resize with INTER_LINEAR, without OpenCV (modules/imgproc/src/resize.cpp).

8-bit images are interpolated in fixed point there: float32 positions, weights of 11 bits, and a sum that is truncated
twice before it is rounded. Caffe's data layers resize 8-bit images, so this is what nets were fed. Of float images
OpenCV's own code takes float32 positions too, and its usual x86 builds, which call Intel's IPP, float64 ones; the two
differ by some thousandths of a grey level, and the latter is done here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .resize import Floats, Image

_ONE = 2048  # INTER_RESIZE_COEF_SCALE

Shares = np.ndarray[Any, np.dtype[np.float32]]
Integers = np.ndarray[Any, np.dtype[np.intp]]
Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Weights = np.ndarray[Any, np.dtype[np.int32]]


def resize_as_opencv(image: Image, size: tuple[int, int]) -> Floats:
    """Resize (H, W, C) to (height, width, C) float32; a uint8 image gives whole numbers."""
    kind = np.float32 if image.dtype == np.uint8 else np.float64
    above, below, down = _neighbours(image.shape[0], size[0], kind)
    left, right, across = _neighbours(image.shape[1], size[1], kind)
    across[left == right] = (
        0  # in fixed point, two shares of one pixel are not quite that pixel; rows have both
    )
    used, rows = np.unique(np.concatenate([above, below]), return_inverse=True)
    lines = image[used]  # what no new pixel reads is not looked at
    upper, lower = np.split(rows.reshape(-1), 2)
    blend = _fixed if image.dtype == np.uint8 else _floating
    return blend(
        lines[:, left], lines[:, right], across[:, None], (upper, lower), down[:, None, None]
    )


def _neighbours(
    before: int, after: int, kind: type[np.floating[Any]]
) -> tuple[Integers, Integers, Shares]:
    """Return the two pixels that each new one lies between, and the second one's share."""
    scale = 1.0 / (after / before)  # as OpenCV forms it
    place = ((np.arange(after) + 0.5) * scale - 0.5).astype(kind)
    first = np.floor(place)
    share = (place - first).astype(np.float32)
    at = first.astype(np.intp)
    return np.clip(at, 0, before - 1), np.clip(at + 1, 0, before - 1), share


def _floating(
    left: Image, right: Image, across: Shares, rows: tuple[Integers, Integers], down: Shares
) -> Floats:
    lines = left * (1 - across) + right * across
    blended: Floats = (lines[rows[0]] * (1 - down) + lines[rows[1]] * down).astype(np.float32)
    return blended


def _fixed(
    left: Pixels, right: Pixels, across: Shares, rows: tuple[Integers, Integers], down: Shares
) -> Floats:
    lines: Weights = (left * _fixed_point(1 - across) + right * _fixed_point(across)) >> 4
    above = (lines[rows[0]] * _fixed_point(1 - down)) >> 16
    below = (lines[rows[1]] * _fixed_point(down)) >> 16
    rounded: Floats = ((above + below + 2) >> 2).astype(np.float32)
    return rounded


def _fixed_point(share: Shares) -> Weights:
    weights: Weights = np.rint(share * np.float32(_ONE)).astype(np.int32)
    return weights
