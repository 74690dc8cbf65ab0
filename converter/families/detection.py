"""What the detection layers share: greedy suppression and the blob of detections (bbox_util.cpp, nms.cpp)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..layer import Array
from ..program import Shape

UNKNOWN: Shape = (1, 1, 1, 7)
"""The declared shape of detections; how many there are is known after a forward alone."""


def suppress(
    boxes: Array,
    threshold: float,
    *,
    border: float = 0,
    too_much: Callable[[Array, float], Array] = np.greater,
    eta: float = 1,
    most: int = -1,
) -> list[int]:
    """Return the indices of the boxes kept; they come best first, as corners.

    A box is dropped where its overlap with one kept before is `too_much`. `border` is added to widths and heights.
    The threshold shrinks by `eta` after each box kept, while it is above 0.5. At most `most` are kept, all for -1.
    """
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if len(kept) == most:
            break
        if too_much(overlap(box, boxes[kept], border), threshold).any():
            continue
        kept.append(index)
        if eta < 1 and threshold > 0.5:
            threshold *= eta
    return kept


def overlap(box: Array, others: Array, border: float) -> Array:
    """Return intersection over union of one box with each of others; boxes apart have none."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    apart = (low > high).any(1)
    inner = np.where(apart, 0, np.maximum(high - low + border, 0).prod(1))
    union = _area(box[None], border) + _area(others, border) - inner
    return np.divide(inner, union, out=np.zeros_like(inner), where=inner > 0)


def _area(boxes: Array, border: float) -> Array:
    area: Array = np.maximum(boxes[:, 2:] - boxes[:, :2] + border, 0).prod(1)
    return area


def detections(rows: Sequence[Array], batch: int) -> Array:
    """Return (1, 1, rows, 7); where nothing was found one row for each image: its index and six times -1."""
    found = np.concatenate(rows) if rows else np.empty((0, 7))
    if not len(found):
        found = np.full((batch, 7), -1.0)
        found[:, 0] = np.arange(batch)
    return found[None, None]
