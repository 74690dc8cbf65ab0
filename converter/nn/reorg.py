"""Darknet's reorganisation, which torch lacks."""

from __future__ import annotations

from torch import Tensor, nn


class Reorg(nn.Module):
    """YOLO v2's Reorg (reorg_layer.cpp): not pixel_unshuffle, as memory is first taken as fewer, larger planes."""

    def __init__(self, stride: int, *, reverse: bool = False) -> None:
        super().__init__()
        self.stride, self.reverse = stride, reverse

    def forward(self, x: Tensor) -> Tensor:
        items, channels, height, width = x.shape
        stride, planes = self.stride, channels // self.stride**2
        if self.reverse:
            parts = x.reshape(items, stride, stride, planes, height, width)
            y = parts.permute(0, 3, 4, 1, 5, 2)
            return y.reshape(items, planes, height * stride, width * stride)
        parts = x.reshape(items, planes, height, stride, width, stride)
        y = parts.permute(0, 3, 5, 1, 2, 4)
        return y.reshape(items, channels * stride**2, height // stride, width // stride)
