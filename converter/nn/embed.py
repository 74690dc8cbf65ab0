"""An embedding with a bias."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class Embed(nn.Module):
    """Rows of a table, plus a bias (embed_layer.cpp)."""

    def __init__(self, input_dim: int, num_output: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(input_dim, num_output))
        self.bias = nn.Parameter(torch.empty(num_output))

    def forward(self, index: Tensor) -> Tensor:
        return F.embedding(index, self.weight) + self.bias
