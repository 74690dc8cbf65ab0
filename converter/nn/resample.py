"""FlowNet 2's resizing: its positions are no other's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .rounded import _rounded


class Resample(nn.Module):
    """Resizes to (height, width), or to a second input's, with a triangle or cubic filter (resample_layer.cu).

    An output pixel lies at x fx + fy / 2 - 0.5: the offset takes the other axis's factor, as in the original.
    """

    def __init__(
        self, size: tuple[int, int] | None, *, mode: str = "LINEAR", antialias: bool = True
    ) -> None:
        super().__init__()
        self.size, self.mode, self.antialias = size, mode, antialias

    def forward(self, x: Tensor, like: Tensor | None = None) -> Tensor:
        height, width = self.size or (x if like is None else like).shape[2:]
        fy, fx = x.shape[2] / height, x.shape[3] / width
        rows = torch.arange(height, dtype=torch.float32, device=x.device) * fy + fx / 2 - 0.5
        columns = torch.arange(width, dtype=torch.float32, device=x.device) * fx + fy / 2 - 0.5
        if self.mode == "NEAREST":
            x = x.index_select(2, _rounded(rows).long())
            return x.index_select(3, _rounded(columns).long())
        wide = self.antialias and (fx > 1 or fy > 1)
        vertical = self._weights(rows.to(x.dtype), x.shape[2], fy if wide else 1)
        horizontal = self._weights(columns.to(x.dtype), x.shape[3], fx if wide else 1)
        return vertical @ x @ horizontal.T

    def _weights(self, positions: Tensor, size: int, width: float) -> Tensor:
        """Return (outputs, size): how much each element counts for each output; 0 where nothing is near."""
        elements = torch.arange(size, dtype=positions.dtype, device=positions.device)
        x = (positions[:, None] - elements).abs() / width
        weights = (1 - x).clamp(min=0)
        if self.mode == "CUBIC":
            inner, outer = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
            weights = inner.where(x <= 1, outer.where(x < 2, 0))
        total = weights.sum(1, keepdim=True)
        return (weights / total).where(total != 0, 0)
