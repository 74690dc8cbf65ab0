"""One grey channel from a colour image, by whichever library's arithmetic goes with the resize rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from .resizing.resize import Rule

Image = np.ndarray[Any, Any]

REC_601 = (0.299, 0.587, 0.114)
"""OpenCV, Pillow, and MATLAB's rgb2gray."""
REC_709 = (0.2125, 0.7154, 0.0721)
"""skimage.color.rgb2gray, which caffe.io.load_image(color=False) calls."""

_OPENCV_SHARES = (9798, 19235, 3735)  # REC_601 of 2**15, as cvtColor has them (color_rgb.simd.hpp)


def to_grey(image: Image, rule: Rule) -> Image:
    """Return (H, W, 1) of (H, W, 1) or (H, W, 3) RGB: uint8 stays uint8, rounded, but for `skimage-legacy`."""
    if image.shape[2] == 1:
        return image
    if rule == "skimage-legacy":
        grey: Image = image[:, :, :3] @ np.array(REC_709)[:, None]
        return grey.astype(np.float32)
    if image.dtype == np.uint8:
        summed = image[:, :, :3].astype(np.int32) @ np.array(_OPENCV_SHARES, np.int32)
        return ((summed + (1 << 14)) >> 15).astype(np.uint8)[:, :, None]
    return image[:, :, :3] @ np.array(REC_601, np.float32)[:, None]
