"""Caffe's loss of pairs of vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ContrastiveLoss(nn.Module):
    """Half the mean of d^2 for similar pairs, max(0, margin - d)^2 for others (contrastive_loss_layer.cpp)."""

    def __init__(self, margin: float = 1.0, *, legacy: bool = False) -> None:
        super().__init__()
        self.margin, self.legacy = margin, legacy

    def forward(self, a: Tensor, b: Tensor, similar: Tensor) -> Tensor:
        difference = a.flatten(1) - b.flatten(1)
        square = difference.square().sum(1)
        if self.legacy:
            apart = (self.margin - square).clamp(min=0)
        else:  # a norm has a gradient at 0, a square root has none
            apart = (
                (self.margin - torch.linalg.vector_norm(difference, dim=1)).clamp(min=0).square()
            )
        return torch.where(similar.flatten().trunc() != 0, square, apart).sum() / a.shape[0] / 2
