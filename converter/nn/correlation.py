"""FlowNetC's correlation of two feature maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class Correlation(nn.Module):
    """Mean product or absolute difference of patches, a channel for each displacement (correlation_layer.cu)."""

    def __init__(
        self,
        kernel_size: int,
        *,
        max_displacement: int,
        pad: int = 0,
        stride_1: int = 1,
        stride_2: int = 1,
        subtract: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.pad, self.subtract = (
            kernel_size,
            stride_1,
            pad,
            subtract,
        )
        reach = max_displacement // stride_2 * stride_2
        self.shifts = range(-reach, reach + 1, stride_2)
        self.max_displacement = max_displacement

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = F.pad(a, (self.pad,) * 4), F.pad(b, (self.pad,) * 4)
        a = self._shifted(a, 0, 0)
        channels = []
        for dy in self.shifts:
            for dx in self.shifts:
                other = self._shifted(b, dy, dx)
                terms = (a - other).abs() if self.subtract else a * other
                mean = terms.mean(1, keepdim=True)
                channels.append(F.avg_pool2d(mean, self.kernel_size, self.stride))
        return torch.cat(channels, 1)

    def _shifted(self, x: Tensor, dy: int, dx: int) -> Tensor:
        """Return what lies inside a border of `max_displacement`, displaced."""
        border = self.max_displacement
        height, width = x.shape[2] - 2 * border, x.shape[3] - 2 * border
        return x[:, :, border + dy : border + dy + height, border + dx : border + dx + width]
