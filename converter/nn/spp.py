"""Spatial pyramid pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class SPP(nn.Module):
    """Pools into 1, 2 x 2, 4 x 4, ... bins, whatever the size of the map (spp_layer.cpp).

    Bins are equal and padded where they do not divide the map, one element more before than after.
    """

    def __init__(self, pyramid_height: int, method: str) -> None:
        super().__init__()
        self.pyramid_height, self.method = pyramid_height, method

    def _pool(self, x: Tensor, bins: int) -> Tensor:
        height, width = x.shape[2:]
        kernel = (-(-height // bins), -(-width // bins))
        missing = (kernel[0] * bins - height, kernel[1] * bins - width)
        top, left = (missing[0] + 1) // 2, (missing[1] + 1) // 2
        border = (left, missing[1] - left, top, missing[0] - top)
        if self.method == "AVE":
            return F.avg_pool2d(F.pad(x, border), kernel)
        return F.max_pool2d(F.pad(x, border, value=-3.4028234663852886e38), kernel)

    def forward(self, x: Tensor) -> Tensor:
        pooled = [self._pool(x, 2**level) for level in range(self.pyramid_height)]
        if len(pooled) == 1:
            return pooled[0]
        return torch.cat([part.flatten(1) for part in pooled], 1)
