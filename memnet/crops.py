"""The crops that a score is averaged over: the central one, or ten as Caffe takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np

from converter import Preprocess
from converter.errors import InvalidNetError

Crops = Literal["center", "ten"]
CROPS: tuple[str, ...] = get_args(Crops)
Floats = np.ndarray[Any, np.dtype[np.float32]]


def crop(preprocess: Preprocess, image: np.ndarray[Any, Any], crops: Crops = "center") -> Floats:
    """Return what the net is fed for an H x W x 3 uint8 image: (1, 3, 227, 227) or (10, 3, 227, 227) float32.

    `ten` has the order of caffe.io.oversample: top left, top right, bottom left, bottom right, centre, then the same
    mirrored. The centre's offset rounds down, 14 of 29. The mean is subtracted at the crop's own place and before the
    mirroring, as in MATLAB's prepare_image.
    """
    if crops == "center":
        return preprocess(image)[None]
    whole = _whole(preprocess, image)
    five = [_cut(preprocess, whole, top, left) for top, left in _corners(preprocess, whole)]
    return np.ascontiguousarray(np.stack(five + [part[:, :, ::-1] for part in five]))


def _whole(preprocess: Preprocess, image: np.ndarray[Any, Any]) -> Floats:
    """Return the resized image in the net's channels, with nothing subtracted yet."""
    height, width = preprocess.resize or image.shape[:2]
    return replace(preprocess, crop=(height, width), mean=None, scale=1.0)(image)


def _corners(preprocess: Preprocess, whole: Floats) -> list[tuple[int, int]]:
    down, right = (size - cut for size, cut in zip(whole.shape[1:], preprocess.crop, strict=True))
    if down < 0 or right < 0 or not (down or right):
        raise InvalidNetError(
            f"an image of {whole.shape[1:]} leaves no room for ten crops of {preprocess.crop}; take crops='center'"
        )
    return [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]


def _cut(preprocess: Preprocess, whole: Floats, top: int, left: int) -> Floats:
    rows, columns = slice(top, top + preprocess.crop[0]), slice(left, left + preprocess.crop[1])
    part, mean = whole[:, rows, columns], preprocess.mean
    if mean is not None:
        part = part - (
            mean if mean.shape[1:] in {(1, 1), preprocess.crop} else mean[:, rows, columns]
        )
    return part * np.float32(preprocess.scale)
