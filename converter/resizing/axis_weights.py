"""Resizing as a sparse weight matrix for each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from .resize import Floats, Image

Reals = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.intp]]

_STRIP = 1 << 16
"""Numbers turned into float64 at once: half a megabyte stays in the cache."""


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
    shrunk = np.empty((width, rows.shape[0], channels))
    step = max(1, _STRIP // (height * channels))  # a photograph is never in float64 as a whole
    for at in range(0, width, step):
        strip = image[:, at : at + step].astype(np.float64)
        lines = rows @ strip.reshape(height, -1)
        shrunk[at : at + step] = lines.reshape(-1, strip.shape[1], channels).transpose(1, 0, 2)
    across = (columns @ shrunk.reshape(width, -1)).reshape(-1, rows.shape[0], channels)
    return np.ascontiguousarray(across.transpose(1, 0, 2), dtype=np.float32)
