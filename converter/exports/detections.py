"""Layers that choose by their data, written for export in a form of fixed size that gives the same numbers.

The module's own code loops over what is left, which no graph can express. Here every candidate is carried along
with whether it still counts, and the rows that count are taken in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def exportable(module: nn.Module) -> Iterator[nn.Module]:
    """Give the module, inside `with`, layers that torch.export can follow in place of those it cannot."""
    originals = {
        name: child for name, child in module.named_children() if type(child).__name__ in _FIXED
    }
    try:
        for name, child in originals.items():
            setattr(module, name, _FIXED[type(child).__name__](child))
        yield module
    finally:
        for name, child in originals.items():
            setattr(module, name, child)


class FixedDetectionOutput(nn.Module):
    """What `converter.nn.DetectionOutput` computes, over candidates of fixed number."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        self.original = original

    def forward(self, location: Tensor, confidence: Tensor, priors: Tensor) -> Tensor:
        """Return (1, 1, K, 7), rows of image, label, score and corners, as the original does."""
        layer, items = self.original, location.shape[0]
        scores, boxes = self._candidates(location, confidence, priors)
        valid = scores > layer.confidence_threshold
        stays = _stays(boxes, valid, layer.nms_threshold, layer.eta)
        if 0 <= layer.keep_top_k < stays.shape[1] * stays.shape[2]:
            ranked = scores.where(stays, float("-inf")).flatten(1)
            place = ranked.sort(descending=True, stable=True).indices
            place = place.sort(stable=True).indices  # the rank of each candidate
            stays = stays & (place < layer.keep_top_k).view(stays.shape)
        image = torch.arange(items, dtype=scores.dtype)
        label = scores.new_tensor(layer.labels)[:, None].expand_as(scores)
        parts = (image[:, None, None].expand_as(scores), label, scores)
        rows = torch.cat((torch.stack(parts, -1), boxes), -1).flatten(0, 2)
        nothing = torch.cat((image[:, None], rows.new_full((items, 6), -1.0)), 1)
        counts = torch.cat((stays.flatten(), (~stays.any()).expand(items)))
        return torch.cat((rows, nothing))[counts][None, None]

    def _candidates(
        self, location: Tensor, confidence: Tensor, priors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return for each image and label the best scores (N, L, K), in order, and their boxes (N, L, K, 4)."""
        layer, items = self.original, location.shape[0]
        prior, variance = priors[0].view(2, -1, 1, 4)
        coded = location.reshape(items, prior.shape[0], -1, 4)
        if not layer.variance_encoded_in_target:
            coded = coded * variance
        boxes = layer._decode(coded, prior).transpose(1, 2)  # noqa: SLF001 (the layer's own arithmetic)
        scores = confidence.reshape(items, prior.shape[0], layer.num_classes)
        scores = scores.transpose(1, 2)[:, layer.labels]
        boxes = boxes if layer.share_location else boxes[:, layer.labels]
        boxes = boxes.expand(items, len(layer.labels), -1, 4)
        scores, order = scores.sort(descending=True, stable=True)
        count = prior.shape[0] if layer.top_k < 0 else min(layer.top_k, prior.shape[0])
        scores, order = scores[..., :count], order[..., :count]
        return scores, boxes.gather(2, order[..., None].expand(-1, -1, -1, 4))


_FIXED = {"DetectionOutput": FixedDetectionOutput}


def _stays(boxes: Tensor, valid: Tensor, threshold: float, eta: float) -> Tensor:
    """Say which of the valid boxes (N, L, K, 4) non-maximum suppression keeps; they come best first."""
    from torch._higher_order_ops import while_loop

    count = boxes.shape[2]
    places = torch.arange(count)

    def unfinished(step: Tensor, stays: Tensor, worst: Tensor, limit: Tensor) -> Tensor:  # noqa: ARG001
        return step < count

    def advance(
        step: Tensor, stays: Tensor, worst: Tensor, limit: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        at = step[None]
        kept = stays.index_select(2, at)
        if eta < 1:
            limit = limit.where(~(kept & (limit > 0.5)), limit * eta)
        overlap = _overlap(boxes.index_select(2, at), boxes)
        worst = worst.where(~kept, worst.maximum(overlap))
        stays = stays & ((worst <= limit) | (places <= step))
        return step + 1, stays, worst, limit.clone()

    worst, limit = boxes.new_zeros(valid.shape), boxes.new_full((*valid.shape[:2], 1), threshold)
    begin = (torch.zeros((), dtype=torch.int64), valid, worst, limit)
    result: Tensor = while_loop(unfinished, advance, begin)[1]  # type: ignore[no-untyped-call]
    return result


def _overlap(box: Tensor, others: Tensor) -> Tensor:
    """Return intersection over union, 0 for boxes apart (bbox_util.cpp, JaccardOverlap)."""
    low, high = box[..., :2].maximum(others[..., :2]), box[..., 2:].minimum(others[..., 2:])
    inner = _area(low, high).where((low <= high).all(-1), 0)
    union = _area(box[..., :2], box[..., 2:]) + _area(others[..., :2], others[..., 2:]) - inner
    return (inner / union).where(inner > 0, 0)


def _area(low: Tensor, high: Tensor) -> Tensor:
    sizes = (high - low).clamp(min=0)
    return sizes[..., 0] * sizes[..., 1]
