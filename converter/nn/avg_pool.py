"""Average pooling where torch's differs: padding beyond half the kernel, windows past the border."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class AvgPool(nn.Module):
    """Caffe's average pooling (pooling_layer.cpp): divides by the window clipped at size + pad; empty gives NaN."""

    def __init__(
        self,
        kernel_size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        *,
        ceil_mode: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding, self.ceil_mode = (
            kernel_size,
            stride,
            padding,
            ceil_mode,
        )

    def _count(self, axis: int, size: int) -> int:
        """Return the number of windows along an axis."""
        stride, pad = self.stride[axis], self.padding[axis]
        reach = size + 2 * pad - self.kernel_size[axis]
        count = (-(-reach // stride) if self.ceil_mode else reach // stride) + 1
        return count - 1 if any(self.padding) and (count - 1) * stride >= size + pad else count

    def _lengths(self, axis: int, size: int, x: Tensor) -> Tensor:
        """Return the clipped length of each window along an axis."""
        start = (
            torch.arange(self._count(axis, size), device=x.device) * self.stride[axis]
            - self.padding[axis]
        )
        end = (start + self.kernel_size[axis]).clamp(max=size + self.padding[axis])
        return (end - start).to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        sizes = x.shape[2:]
        after = [
            (self._count(axis, size) - 1) * self.stride[axis]
            + self.kernel_size[axis]
            - size
            - self.padding[axis]
            for axis, size in enumerate(sizes)
        ]
        padded = F.pad(x, (self.padding[1], after[1], self.padding[0], after[0]))
        total = F.avg_pool2d(padded, self.kernel_size, self.stride, divisor_override=1)
        return total / (self._lengths(0, sizes[0], x)[:, None] * self._lengths(1, sizes[1], x))
