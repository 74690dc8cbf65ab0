"""What the two YOLO detection layers share: boxes of cells, one suppression over all (MobileNet-YOLO)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, number
from ..program import Shape
from ..shapes import require_axes
from .detection import detections, suppress
from .elementwise import sigmoid

Pairs = tuple[tuple[float, float], ...]


def parse_biases(values: Iterable[float]) -> Pairs:
    """Return (width, height) of each anchor."""
    flat = [number(value) for value in values]
    return tuple(zip(flat[::2], flat[1::2], strict=False))


def check_map(shape: Shape, boxes: int, classes: int) -> None:
    """Refuse a map without 5 + classes channels for each box."""
    wanted = boxes * (5 + classes)
    if require_axes(shape, 4)[1] != wanted:
        raise InvalidNetError(
            f"has a bottom of shape {shape}; {boxes} boxes of {classes} classes need {wanted} channels"
        )


def cells(x: Array, boxes: int) -> Array:
    """Return a map (N, boxes * values, H, W) as (N, H, W, boxes, values)."""
    batch, _, height, width = x.shape
    return x.reshape(batch, boxes, -1, height, width).transpose(0, 3, 4, 1, 2)


def corners(cell: Array, biases: Pairs, scale: int) -> Array:
    """Return the corners of each box over the image's size; a cell is `scale` of the biases' units wide."""
    height, width = cell.shape[1:3]
    y, x = np.mgrid[:height, :width][:, :, :, None]
    centre = np.stack((x, y), -1) + sigmoid(cell[..., :2])
    size = np.exp(cell[..., 2:4]) * np.array(biases) / scale
    pair = np.concatenate((centre - size / 2, centre + size / 2), -1)
    found: Array = pair / (width, height, width, height)
    return found


def ranked(rows: Sequence[Array], threshold: float, batch: int) -> Array:
    """Return the detections of rows (label, score, corners), best first; the image's index is always 0."""
    found = np.concatenate(rows)
    found = found[np.argsort(-found[:, 1], kind="stable")]
    kept = suppress(found[:, 2:], threshold, too_much=np.greater_equal)
    return detections([np.insert(found[kept], 0, 0, axis=1)], batch)
