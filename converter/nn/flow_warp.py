"""Warping of an image by a flow: torch's grid_sample treats the last row and column otherwise."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FlowWarp(nn.Module):
    """Reads (N, C, H, W) bilinearly at positions moved by (N, 2, H, W); `fill` outside (flow_warp_layer.cpp)."""

    def __init__(self, fill: float = 0.0) -> None:
        super().__init__()
        self.fill = fill

    def forward(self, image: Tensor, flow: Tensor) -> Tensor:
        height, width = image.shape[2:]
        x = flow[:, 0] + torch.arange(width, dtype=flow.dtype, device=flow.device)
        y = flow[:, 1] + torch.arange(height, dtype=flow.dtype, device=flow.device)[:, None]
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y = x.where(inside, 0), y.where(inside, 0)
        left, top = x.detach().floor(), y.detach().floor()
        right, bottom = (left + 1).clamp(max=width - 1), (top + 1).clamp(max=height - 1)
        alpha, beta = (x - left)[:, None], (y - top)[:, None]
        warped = (
            (1 - alpha) * (1 - beta) * _pixels(image, top, left)
            + alpha * (1 - beta) * _pixels(image, top, right)
            + (1 - alpha) * beta * _pixels(image, bottom, left)
            + alpha * beta * _pixels(image, bottom, right)
        )
        return warped.where(inside[:, None], self.fill)


def _pixels(image: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Return image[n, :, row[n, y, x], column[n, y, x]] at every position."""
    index = (row.long() * image.shape[3] + column.long()).flatten(1)[:, None]
    return image.flatten(2).gather(2, index.expand(-1, image.shape[1], -1)).view_as(image)
