"""caffe.io.resize_image (python/caffe/io.py) over the scikit-image of its day, before 0.15.

skimage.transform.resize interpolated linearly between two neighbours on each axis, without smoothing when shrinking,
and took zeros beyond the border. pycaffe stretches the image to 0..1 before, so those zeros are the image's least
value: enlarged pictures have darker edges. Positions are float32, as in the recordings that this follows.

Other than one or three channels go through scipy.ndimage.zoom, which lays the corner pixels' centres on one another.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .axis_weights import apply, matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from .resize import Floats, Image


def resize_as_pycaffe(image: Image, size: tuple[int, int]) -> Floats:
    """Resize (H, W, C) to (height, width, C) float32."""
    if image.shape[2] not in {1, 3}:
        return _zoomed(image, size)
    least = image.min()
    above = image - least  # of the image's own type, which holds it
    resized = apply(_weights(image.shape[0], size[0]), _weights(image.shape[1], size[1]), above)
    return resized + np.float32(least)


def _zoomed(image: Image, size: tuple[int, int]) -> Floats:
    from scipy.ndimage import zoom

    factors = (size[0] / image.shape[0], size[1] / image.shape[1], 1)
    zoomed: Floats = zoom(image.astype(np.float32), factors, order=1)
    return zoomed


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> csr_array[Any]:
    centre = _places(before, after)[:, None].astype(float)
    taps = np.floor(centre).astype(np.intp) + np.arange(2)
    inside = (taps >= 0) & (taps < before)
    weight = np.maximum(0, 1 - np.abs(taps - centre)) * inside
    return matrix(weight, np.where(inside, taps, 0), before)


def _places(before: int, after: int) -> Floats:
    """Return where each new pixel lies among the old ones, by skimage's affine matrix in the image's own float32."""
    scale = before / after
    return np.arange(after, dtype=np.float32) * np.float32(scale) + np.float32(scale / 2 - 0.5)
