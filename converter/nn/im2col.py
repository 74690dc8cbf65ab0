"""The columns of a convolution, for the rare net that wants them as a blob."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class Im2col(nn.Module):
    """(N, C, *sizes) -> (N, C * kernel, *sizes): what each kernel position meets (im2col_layer.cpp)."""

    def __init__(
        self,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x: Tensor) -> Tensor:
        columns = x.unsqueeze(2)
        for axis, kernel in enumerate(self.kernel_size):
            pad, stride, dilation = self.padding[axis], self.stride[axis], self.dilation[axis]
            reach = dilation * (kernel - 1) + 1
            beyond = max(reach - x.shape[2 + axis] - 2 * pad, 0)  # C's division gives one output
            after = (0, 0) * (len(self.kernel_size) - axis - 1)
            columns = F.pad(columns, (*after, pad, pad + beyond))
            last = columns.shape[3 + axis] - reach
            met = [
                columns[(slice(None),) * (3 + axis) + (slice(at, at + last + 1, stride),)]
                for at in range(0, reach, dilation)
            ]
            columns = torch.stack(met, 3).flatten(2, 3)
        return columns.flatten(1, 2)
