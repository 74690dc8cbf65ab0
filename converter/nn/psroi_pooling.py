"""R-FCN's pooling of regions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .regions import _spans
from .rounded import _rounded


class PSROIPooling(nn.Module):
    """Mean in each bin of each region, of the channels made for that bin; an empty bin is 0 (psroi_pooling_layer.cu).

    Takes features (N, D * G * G, H, W) and regions (R, 5) of image, x1, y1, x2, y2; returns (R, D, G, G).
    """

    def __init__(self, group_size: int, spatial_scale: float) -> None:
        super().__init__()
        self.group_size, self.spatial_scale = group_size, spatial_scale

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        x = torch.unflatten(x, 1, (-1, self.group_size, self.group_size))
        regions = regions.flatten(1).float()  # bins are decided in float32, as in Caffe
        corners = _rounded(regions[:, 1:])
        x1, y1 = (corners[:, :2] * self.spatial_scale).unbind(1)
        x2, y2 = ((corners[:, 2:] + 1) * self.spatial_scale).unbind(1)
        rows = _spans(*self._bins(y1, y2), x.shape[4])
        columns = _spans(*self._bins(x1, x2), x.shape[5])
        images = regions[:, 0].long().tolist()
        found = [
            self._pool(x[image], *spans)
            for image, *spans in zip(images, rows, columns, strict=True)
        ]
        return torch.stack(found) if found else x.new_zeros(0, *x.shape[1:4])

    def _bins(self, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the bins of each region begin and end, (R, G) each."""
        step = ((last - first).clamp(min=0.1) / self.group_size)[:, None]
        index = torch.arange(self.group_size, dtype=step.dtype, device=step.device)
        return (index * step + first[:, None]).floor(), ((index + 1) * step + first[:, None]).ceil()

    def _pool(
        self, planes: Tensor, rows: list[tuple[int, int]], columns: list[tuple[int, int]]
    ) -> Tensor:
        found = []
        for i, (top, bottom) in enumerate(rows):
            for j, (left, right) in enumerate(columns):
                patch = planes[:, i, j, top:bottom, left:right].flatten(1)
                found.append(patch.mean(1) if patch.shape[1] else planes.new_zeros(len(planes)))
        return torch.unflatten(torch.stack(found, 1), 1, (self.group_size, self.group_size))
