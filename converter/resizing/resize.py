"""Bilinear image resizing by four rules; each is one that nets have been fed with, and no two give the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from ..errors import InvalidNetError

Rule = Literal["matlab", "opencv", "pil", "skimage-legacy"]
RULES: tuple[str, ...] = get_args(Rule)
Floats = np.ndarray[Any, np.dtype[np.float32]]
Image = np.ndarray[Any, Any]
Resize = Callable[[Image, tuple[int, int]], Floats]


def resize(image: Image, size: tuple[int, int], rule: Rule) -> Floats:
    """Resize (H, W, C) uint8 or float32 to (height, width, C) float32, in the image's own units.

    - `matlab`: imresize(single(image), size, 'bilinear'); the triangle is widened when shrinking, so that every pixel
      counts.
    - `opencv`: cv2.resize(INTER_LINEAR), two neighbours on each axis whatever the factor; uint8 in fixed point and
      rounded to whole grey levels, as Caffe's data layers have it.
    - `pil`: Pillow's BILINEAR, also widened when shrinking; uint8 rounded to whole grey levels.
    - `skimage-legacy`: caffe.io.resize_image over scikit-image before 0.15; two neighbours, and beyond the border the
      image's least value.

    Raises:
        InvalidNetError: the rule is none of these, or the image has no pixels.
        ModuleNotFoundError: `pil` without Pillow.
    """
    if rule not in RULES:
        raise InvalidNetError(f"resize rule {rule!r} is not known; known: {', '.join(RULES)}")
    if image.ndim != 3 or not image.size:
        raise InvalidNetError(
            f"an image to resize is (height, width, channels), found {image.shape}"
        )
    return _resizer(rule)(image, size)


def _resizer(rule: Rule) -> Resize:
    if rule == "matlab":
        from .matlab_resize import resize_as_matlab

        return resize_as_matlab
    if rule == "opencv":
        from .opencv_resize import resize_as_opencv

        return resize_as_opencv
    if rule == "pil":
        from .pil_resize import resize_as_pil

        return resize_as_pil
    from .pycaffe_resize import resize_as_pycaffe

    return resize_as_pycaffe
