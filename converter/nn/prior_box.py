"""SSD's prior boxes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PriorBox(nn.Module):
    """Boxes around the centre of every cell of a feature map, and their variances (prior_box_layer.cpp).

    Returns (1, 2, cells * boxes * 4): corners over the image's size, then variances. Pairs are (height, width).
    """

    def __init__(
        self,
        min_sizes: tuple[int, ...],
        max_sizes: tuple[int, ...] = (),
        ratios: tuple[float, ...] = (),
        variances: tuple[float, ...] = (0.1,),
        step: tuple[float, float] | None = None,
        image: tuple[int, int] | None = None,
        offset: float = 0.5,
        *,
        clip: bool = False,
    ) -> None:
        super().__init__()
        self.min_sizes, self.max_sizes, self.ratios = min_sizes, max_sizes, ratios
        self.variances, self.clip = variances, clip
        self.step, self.image, self.offset = step, image, offset

    def _sizes(self) -> list[tuple[float, float]]:
        """Return the (height, width) of the boxes of a cell: of each size its square, sqrt(min * max), the ratios."""
        sizes = []
        for index, size in enumerate(self.min_sizes):
            sizes.append((float(size), float(size)))
            sizes += [
                ((size * largest) ** 0.5,) * 2 for largest in self.max_sizes[index : index + 1]
            ]
            sizes += [(size / ratio**0.5, size * ratio**0.5) for ratio in self.ratios]
        return sizes

    def forward(self, feature: Tensor, image: Tensor) -> Tensor:
        height, width = feature.shape[2:]
        image_height, image_width = self.image or image.shape[2:]
        step = self.step or (image_height / height, image_width / width)
        half_height, half_width = feature.new_tensor(self._sizes()).unbind(1)
        half_height, half_width = half_height / 2, half_width / 2
        rows = torch.arange(height, dtype=feature.dtype, device=feature.device)
        columns = torch.arange(width, dtype=feature.dtype, device=feature.device)
        y = ((rows + self.offset) * step[0])[:, None, None]
        x = ((columns + self.offset) * step[1])[:, None]
        left, right = (x - half_width) / image_width, (x + half_width) / image_width
        top, bottom = (y - half_height) / image_height, (y + half_height) / image_height
        shape = (height, width, len(half_width))
        boxes = torch.stack([edge.expand(shape) for edge in (left, top, right, bottom)], -1)
        if self.clip:
            boxes = boxes.clamp(0, 1)
        variances = boxes.new_tensor(self.variances).expand_as(boxes)
        return torch.stack((boxes.flatten(), variances.flatten())).unsqueeze(0)
