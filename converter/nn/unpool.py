"""Max unpooling by a mask, where torch's would leave it open which of two values wins."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Unpool(nn.Module):
    """Puts each value where its mask says, zeros elsewhere (SegNet's upsample_layer.cpp).

    The mask holds flat indices in the plane of the result; of several values for one place the last stays.
    """

    def __init__(
        self,
        scale: tuple[int, int] = (2, 2),
        crop: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.scale, self.crop, self.size = scale, crop, size

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        height, width = self.size or (
            x.shape[2] * self.scale[0] - self.crop[0],
            x.shape[3] * self.scale[1] - self.crop[1],
        )
        index = mask.long().flatten(2)
        order = torch.arange(index.shape[2], device=x.device).expand_as(index)
        last = order.new_full((*index.shape[:2], height * width), -1)
        last = last.scatter_reduce(2, index, order, "amax")
        y = x.flatten(2).gather(2, last.clamp(min=0)).where(last >= 0, 0)
        return y.reshape(*x.shape[:2], height, width)
