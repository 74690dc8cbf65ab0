"""A learned summand along some axes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Bias(nn.Module):
    """y = x + bias, laid along the axes of x from `axis` on (bias_layer.cpp)."""

    def __init__(self, shape: tuple[int, ...], axis: int = 1) -> None:
        super().__init__()
        self.axis = axis
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        trailing = (1,) * (x.dim() - self.axis - self.bias.dim())
        return x + self.bias.reshape(*self.bias.shape, *trailing)
