"""Caffe's hinge loss, one against all."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class HingeLoss(nn.Module):
    """Mean over the batch of the summed margins, or of their squares (hinge_loss_layer.cpp)."""

    def __init__(self, norm: str = "L1") -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        x = x.flatten(1)
        sign = torch.ones_like(x).scatter(1, label.long().view(-1, 1), -1)
        margin = (1 + sign * x).clamp(min=0)
        return (margin.square() if self.norm == "L2" else margin).sum() / x.shape[0]
