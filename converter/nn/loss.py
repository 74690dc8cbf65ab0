"""What Caffe's losses share: labels that do not count, and what the sum is divided by."""

from __future__ import annotations

import torch
from torch import Tensor


def _counted(label: Tensor, ignore_label: int | None) -> Tensor:
    """Say which labels count."""
    if ignore_label is None:
        return torch.ones_like(label, dtype=torch.bool)
    return label.long() != ignore_label


def _normalized(total: Tensor, counted: Tensor, outer: int, mode: str) -> Tensor:
    """Divide by all labels, those that count, the batch or nothing; never by less than 1 (loss_layer.cpp)."""
    if mode == "VALID":
        return total / counted.sum().clamp(min=1)
    return total / {"FULL": counted.numel(), "BATCH_SIZE": outer, "NONE": 1}[mode]
