"""What the two YOLO detection layers share."""

from __future__ import annotations

import torch
from torch import Tensor

from .suppress import _detections, _suppress


def _cells(x: Tensor, boxes: int) -> Tensor:
    """Return a map (N, boxes * values, H, W) as (N, H, W, boxes, values)."""
    batch, _, height, width = x.shape
    return x.reshape(batch, boxes, -1, height, width).permute(0, 3, 4, 1, 2)


def _corners(cells: Tensor, anchors: tuple[tuple[float, float], ...], scale: int) -> Tensor:
    """Return the corners of each box over the image's size; a cell is `scale` of the anchors' units wide."""
    height, width = cells.shape[1:3]
    y = torch.arange(height, dtype=cells.dtype, device=cells.device)
    x = torch.arange(width, dtype=cells.dtype, device=cells.device)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[:, :, None]
    sizes = cells.new_tensor([width, height])
    centre = (grid + cells[..., :2].sigmoid()) / sizes
    half = cells[..., 2:4].exp() * cells.new_tensor(anchors) / (scale * sizes) / 2
    return torch.cat((centre - half, centre + half), -1)


def _ranked(rows: list[Tensor], threshold: float, batch: int) -> Tensor:
    """Return (1, 1, K, 7) for rows of label, score and corners, best first; the image's index is always 0."""
    found = torch.cat(rows)
    found = found[found[:, 1].argsort(descending=True, stable=True)]
    found = found[_suppress(found[:, 2:], threshold, inclusive=True)]
    return _detections([torch.cat((torch.zeros_like(found[:, :1]), found), 1)], batch)
