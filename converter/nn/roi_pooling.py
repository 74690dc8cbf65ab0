"""Fast R-CNN's pooling of regions: no stock module rounds as Caffe does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .regions import _spans
from .rounded import _rounded


class ROIPooling(nn.Module):
    """Maximum in each bin of each region (R, 5) of image, x1, y1, x2, y2; an empty bin is 0 (roi_pooling_layer.cpp)."""

    def __init__(self, pooled: tuple[int, int], spatial_scale: float = 1.0) -> None:
        super().__init__()
        self.pooled, self.spatial_scale = pooled, spatial_scale

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        regions = regions.flatten(1).float()  # bins are decided in float32, as in Caffe
        x1, y1, x2, y2 = _rounded(regions[:, 1:] * self.spatial_scale).unbind(1)
        rows = _spans(*self._bins(y1, y2, self.pooled[0]), x.shape[2])
        columns = _spans(*self._bins(x1, x2, self.pooled[1]), x.shape[3])
        images = regions[:, 0].long().tolist()
        found = [
            self._pool(x[image], *spans)
            for image, *spans in zip(images, rows, columns, strict=True)
        ]
        return torch.stack(found) if found else x.new_zeros(0, x.shape[1], *self.pooled)

    def _bins(self, first: Tensor, last: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Return where the bins of each region begin and end, (R, count) each."""
        step = ((last - first + 1).clamp(min=1) / count)[:, None]
        index = torch.arange(count, dtype=step.dtype, device=step.device)
        return (index * step).floor() + first[:, None], ((index + 1) * step).ceil() + first[:, None]

    def _pool(
        self, plane: Tensor, rows: list[tuple[int, int]], columns: list[tuple[int, int]]
    ) -> Tensor:
        patches = [
            plane[:, top:bottom, left:right].flatten(1)
            for top, bottom in rows
            for left, right in columns
        ]
        best = [
            patch.amax(1) if patch.shape[1] else plane.new_zeros(len(plane)) for patch in patches
        ]
        return torch.unflatten(torch.stack(best, 1), 1, self.pooled)
