"""A learned factor and summand along some axes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """y = x * weight + bias, both laid along the axes of x from `axis` on (scale_layer.cpp)."""

    def __init__(self, shape: tuple[int, ...], axis: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.axis = axis
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        trailing = (1,) * (x.dim() - self.axis - self.weight.dim())
        y = x * self.weight.reshape(*self.weight.shape, *trailing)
        return y if self.bias is None else y + self.bias.reshape(*self.bias.shape, *trailing)
