"""The crops that a score is averaged over: the central one, or ten as pycaffe or as the MATLAB demo takes them."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from converter import Preprocess
from converter.errors import InvalidNetError

Crops = Literal["center", "ten"]
CROPS: tuple[str, ...] = get_args(Crops)
Floats = np.ndarray[Any, np.dtype[np.float32]]
Place = tuple[int, int]


def crop(preprocess: Preprocess, image: np.ndarray[Any, Any], crops: Crops = "center") -> Floats:
    """Return what the net is fed for an H x W x 3 image: (1, 3, 227, 227) or (10, 3, 227, 227) float32.

    The picture is resized once. `ten` is in the order of `ten_places`; the five first, then the same five mirrored.

    Raises:
        InvalidNetError: the image is smaller than the crop, or leaves all ten at one place.
    """
    if crops == "center":
        return preprocess(image)[None]
    whole = preprocess.planes(image)
    if not any(preprocess.margins(whole.shape)):
        raise InvalidNetError(
            f"an image of {whole.shape[1:]} leaves no room for ten crops of {preprocess.crop}; take crops='center'"
        )
    return ten(preprocess, whole)


def ten(preprocess: Preprocess, whole: Floats) -> Floats:
    """Return the ten crops of a picture that is resized already, (C, H, W), as (10, C, height, width)."""
    places = ten_places(preprocess, whole)
    return np.stack(
        [
            preprocess.cut(whole, top, left, mirrored=mirrored)
            for mirrored in (False, True)
            for top, left in places
        ]
    )


def ten_places(preprocess: Preprocess, whole: Floats) -> tuple[Place, Place, Place, Place, Place]:
    """Return (top, left) of the four corners and the centre.

    `pycaffe` (caffe.io.oversample): top left, top right, bottom left, bottom right; the centre at 14 of 29.
    `matlab` (prepare_image of classification_demo.m): its images are width first, so the second is bottom left and
    the third top right; the centre at 15 of 29.
    """
    down, across = preprocess.margins(whole.shape)
    second, third = (0, across), (down, 0)
    if preprocess.ten_crop == "matlab":
        second, third = third, second
    return (0, 0), second, third, (down, across), preprocess.centre(whole.shape)
