"""A learned blob that is a layer of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Parameter(nn.Module):
    """Caffe's Parameter layer (parameter_layer.hpp)."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.empty(shape))

    def forward(self) -> Tensor:
        return self.value
