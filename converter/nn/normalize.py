"""Division by the norm of an image or a pixel, and a learned scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """x / sqrt(sum(x^2) + eps) * weight (SSD's normalize_layer.cpp); one weight, or one for each channel."""

    def __init__(
        self, channels: int | None = None, across_spatial: bool = True, eps: float = 1e-10
    ) -> None:
        super().__init__()
        self.across_spatial, self.eps = across_spatial, eps
        self.weight = nn.Parameter(torch.ones(() if channels is None else channels))

    def forward(self, x: Tensor) -> Tensor:
        dims = tuple(range(1, x.dim())) if self.across_spatial else 1
        norm = (x.square().sum(dims, keepdim=True) + self.eps).sqrt()
        return x / norm * self.weight.reshape(-1, *(1,) * (x.dim() - 2))
