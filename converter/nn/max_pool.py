"""Max pooling where torch's differs: padding beyond half the kernel, windows past the border, the mask."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class MaxPool(nn.Module):
    """Caffe's max pooling (pooling_layer.cpp): an empty window gives the lowest float32, its mask -1.

    With `return_mask` the flat index of each winner in its plane is a second result.
    """

    def __init__(
        self,
        kernel_size: tuple[int, int] | None,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        *,
        ceil_mode: bool = True,
        return_mask: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.ceil_mode, self.return_mask = ceil_mode, return_mask

    def _after(self, axis: int, size: int, kernel: int) -> int:
        """Return the zeros needed after the last element, so that every window is whole."""
        stride, pad = self.stride[axis], self.padding[axis]
        reach = size + 2 * pad - kernel
        count = (-(-reach // stride) if self.ceil_mode else reach // stride) + 1
        if any(self.padding) and (count - 1) * stride >= size + pad:
            count -= 1
        return (count - 1) * stride + kernel - size - pad

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        height, width = x.shape[2:]
        kernel = self.kernel_size or (height, width)
        bottom, right = self._after(0, height, kernel[0]), self._after(1, width, kernel[1])
        top, left = self.padding
        lowest = -3.4028234663852886e38
        padded = F.pad(x, (left, right, top, bottom), value=lowest)
        y, index = F.max_pool2d(padded, kernel, self.stride, return_indices=True)
        if not self.return_mask:
            return y
        row = index.div(padded.shape[3], rounding_mode="floor") - top
        column = index % padded.shape[3] - left
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return y, (row * width + column).where(inside, -1).to(x.dtype)
