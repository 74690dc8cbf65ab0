"""Greedy non-maximum suppression, and the blob of detections."""

from __future__ import annotations

import torch
from torch import Tensor


def _suppress(
    boxes: Tensor,
    threshold: float,
    *,
    border: float = 0.0,
    inclusive: bool = False,
    eta: float = 1.0,
    most: int = -1,
) -> Tensor:
    """Return the indices of the boxes that stay; they come best first, as corners (bbox_util.cpp, nms.cpp).

    A box goes where its overlap with one kept before exceeds the threshold (`inclusive`: reaches it). The threshold
    shrinks by `eta` after each box kept, while it is above 0.5. At most `most` are kept, all for -1.
    """
    left = torch.arange(len(boxes), device=boxes.device)
    worst = boxes.new_zeros(len(boxes))
    kept = [left[:0]]
    while len(left) and len(kept) - 1 != most:
        best, left = left[:1], left[1:]
        kept.append(best)
        if eta < 1 and threshold > 0.5:
            threshold *= eta
        worst[left] = worst[left].maximum(_overlap(boxes[best], boxes[left], border))
        left = left[worst[left] < threshold if inclusive else worst[left] <= threshold]
    return torch.cat(kept)


def _overlap(box: Tensor, others: Tensor, border: float) -> Tensor:
    """Return intersection over union of one box with each of others, 0 for boxes apart."""
    low, high = box[:, :2].maximum(others[:, :2]), box[:, 2:].minimum(others[:, 2:])
    inner = _area(torch.cat((low, high), 1), border).where((low <= high).all(1), 0)
    union = _area(box, border) + _area(others, border) - inner
    return (inner / union).where(inner > 0, 0)


def _area(boxes: Tensor, border: float) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2] + border).clamp(min=0).prod(1)


def _detections(rows: list[Tensor], batch: int) -> Tensor:
    """Return (1, 1, rows, 7); where nothing was found one row for each image: its index and six times -1."""
    found = torch.cat(rows)
    if not len(found):
        found = found.new_full((batch, 7), -1)
        found[:, 0] = torch.arange(batch)
    return found[None, None]
