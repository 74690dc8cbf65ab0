"""Convolution where torch has none: more than 3 spatial axes, none at all, or a kernel beyond the padded input."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class ConvNd(nn.Module):
    """Convolution over any number of axes (conv_layer.cpp).

    Where the kernel is larger than the padded input by less than a stride, Caffe's integer division still
    gives one output, which meets zeros beyond the padding.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...] = (),
        padding: tuple[int, ...] = (),
        dilation: tuple[int, ...] = (),
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        axes = len(kernel_size)
        self.kernel_size, self.groups = kernel_size, groups
        self.stride, self.dilation = stride or (1,) * axes, dilation or (1,) * axes
        self.padding = padding or (0,) * axes
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *kernel_size))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        axes = len(self.kernel_size)
        reach = [d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation, strict=True)]
        for axis in range(axes):
            pad = self.padding[axis]
            beyond = max(reach[axis] - x.shape[2 + axis] - 2 * pad, 0)
            x = F.pad(x, (0, 0) * (axes - axis - 1) + (pad, pad + beyond))
        for axis in range(axes):
            x = x.unfold(2 + axis, reach[axis], self.stride[axis])[..., :: self.dilation[axis]]
        sizes = x.shape[2 : 2 + axes]
        columns = x.reshape(x.shape[0], self.groups, self.weight.shape[1], sizes.numel(), -1)
        kernels = self.weight.reshape(self.groups, -1, self.weight.shape[1], columns.shape[-1])
        y = torch.einsum("ngcpk,gock->ngop", columns, kernels).reshape(x.shape[0], -1, *sizes)
        return y if self.bias is None else y + self.bias.reshape(-1, *(1,) * axes)
