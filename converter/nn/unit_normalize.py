"""Division of each pixel by the norm over its channels."""

from __future__ import annotations

from torch import Tensor, nn


class UnitNormalize(nn.Module):
    """x / sqrt(sum(x^2) + 1e-6), or x / (sum|x| + 1e-6) for order 1 (caffe-windows' normalize_layer.cpp)."""

    def __init__(self, order: int = 2, return_norm: bool = False) -> None:
        super().__init__()
        self.order, self.return_norm = order, return_norm

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        powers = x.abs() if self.order == 1 else x.square()
        norm = powers.sum(1, keepdim=True) + 1e-6
        norm = norm if self.order == 1 else norm.sqrt()
        return (x / norm, norm) if self.return_norm else x / norm
