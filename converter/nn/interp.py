"""Bilinear resizing to a size that depends on the input's, after a crop."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class Interp(nn.Module):
    """DeepLab's and PSPNet's Interp (interp_layer.cpp): corners aligned; padding is negative and crops."""

    def __init__(
        self,
        size: tuple[int, int] | None = None,
        *,
        shrink: int = 1,
        zoom: int = 1,
        pad_beg: int = 0,
        pad_end: int = 0,
    ) -> None:
        super().__init__()
        self.size, self.shrink, self.zoom = size, shrink, zoom
        self.pad_beg, self.pad_end = pad_beg, pad_end

    def _resized(self, size: int) -> int:
        shrunk = (size - 1) // self.shrink + 1
        return shrunk + (shrunk - 1) * (self.zoom - 1)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (slice(-self.pad_beg, size + self.pad_end) for size in x.shape[2:])
        cropped = x[:, :, rows, columns]
        size = self.size or tuple(self._resized(length) for length in cropped.shape[2:])
        return F.interpolate(cropped, size, mode="bilinear", align_corners=True)
