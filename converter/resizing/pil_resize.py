"""Pillow's BILINEAR, by Pillow itself: 8-bit images as they are, others as 32-bit floats, one channel at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .resize import Floats, Image


def resize_as_pil(image: Image, size: tuple[int, int]) -> Floats:
    """Resize (H, W, C) to (height, width, C) float32; a uint8 image gives whole numbers."""
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return _resized(image, size).astype(np.float32)
    planes = image if image.dtype == np.uint8 else image.astype(np.float32)
    resized = [_resized(planes[:, :, at], size) for at in range(image.shape[2])]
    return np.stack(resized, axis=-1).astype(np.float32)


def _resized(pixels: Image, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    try:
        from PIL import Image as Pictures
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "the resize rule 'pil' needs Pillow: pip install 'convert-caffemodel[images]'",
            name="PIL",
        ) from None
    picture = Pictures.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(picture.resize((size[1], size[0]), Pictures.Resampling.BILINEAR))
