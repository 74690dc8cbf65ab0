"""Resizing as a sparse weight matrix for each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from .resize import Floats, Image

Reals = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.intp]]

_STRIP = 1 << 20  # numbers turned into float64 at once: 8 MB


def matrix(weights: Reals, taps: Integers, before: int) -> csr_array[Any]:
    """Return (after, before): row i reads the pixels taps[i] with weights[i]; the weights of one pixel add up."""
    from scipy.sparse import csr_array

    after, reach = taps.shape
    starts = np.arange(0, after * reach + 1, reach)
    made = csr_array((weights.ravel(), taps.ravel(), starts), shape=(after, before))
    made.sum_duplicates()
    made.eliminate_zeros()
    return made


def apply(rows: csr_array[Any], columns: csr_array[Any], image: Image) -> Floats:
    """Return rows @ image @ columns.T of (H, W, C) for each channel, summed in float64, as float32."""
    height, width, channels = image.shape
    flat = image.reshape(height, -1)
    strip = max(1, _STRIP // height)  # a photograph is never in float64 as a whole
    strips = [
        rows @ flat[:, at : at + strip].astype(float) for at in range(0, flat.shape[1], strip)
    ]
    shrunk = np.concatenate(strips, axis=1).reshape(-1, width, channels)
    across = columns @ np.ascontiguousarray(shrunk.transpose(1, 0, 2)).reshape(width, -1)
    resized = across.reshape(-1, rows.shape[0], channels).transpose(1, 0, 2)
    return np.ascontiguousarray(resized, dtype=np.float32)
