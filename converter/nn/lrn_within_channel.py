"""Local response normalisation over a square of each channel's plane."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class LRNWithinChannel(nn.Module):
    """x / (1 + alpha * mean(x^2))^beta over size * size neighbours, zeros outside included (lrn_layer.cpp)."""

    def __init__(self, size: int, alpha: float, beta: float) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        mean = F.avg_pool2d(x * x, self.size, stride=1, padding=self.size // 2)
        return x * (1 + self.alpha * mean).pow(-self.beta)
