"""Mean and variance normalisation, with eps outside the root."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MVN(nn.Module):
    """(x - mean) / (std + eps) over each plane, or over each image (mvn_layer.cpp)."""

    def __init__(
        self, across_channels: bool = False, normalize_variance: bool = True, eps: float = 1e-9
    ) -> None:
        super().__init__()
        self.dims = (1, 2, 3) if across_channels else (2, 3)
        self.normalize_variance, self.eps = normalize_variance, eps

    def forward(self, x: Tensor) -> Tensor:
        y = x - x.mean(self.dims, keepdim=True)
        if not self.normalize_variance:
            return y
        count = x[0].numel() if 1 in self.dims else x[0, 0].numel()
        # a norm, because the root of a mean has no gradient where a plane is constant
        norm: Tensor = torch.linalg.vector_norm(y, dim=self.dims, keepdim=True)
        std: Tensor = norm / count**0.5
        return y / (std + self.eps)
