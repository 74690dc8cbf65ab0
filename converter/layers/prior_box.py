"""PriorBox: SSD's boxes around the centre of every cell of a feature map (prior_box_layer.cpp, ssd branch).

Sizes are cut to whole numbers: a min_size of 51.2 means 51. Only the shapes of the bottoms matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter, PriorBoxParameter

NEAR = np.float32(1e-6)  # ratios nearer than this are one


@dataclass(frozen=True, kw_only=True)
class PriorBox(Layer, type="PriorBox"):
    """Row 0 of the top: xmin, ymin, xmax, ymax of every box over the image's size; row 1: their variances.

    Of each min_size in a cell: its square, the square of sqrt(min * max), then every ratio. Pairs are (height, width).
    """

    min_sizes: tuple[int, ...]
    max_sizes: tuple[int, ...]
    ratios: tuple[float, ...]
    clip: bool
    variances: tuple[float, ...]
    image: tuple[int, int] | None
    step: tuple[float, float] | None
    offset: float

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> PriorBox:
        param = proto.prior_box_param
        image = _pair(param, "img_size", "img_h", "img_w")
        step = _pair(param, "step", "step_h", "step_w")
        return cls(
            **header(proto),
            **_sizes(param),
            ratios=_ratios(param.aspect_ratio, flip=param.flip),
            clip=param.clip,
            variances=_variances(param),
            image=(int(image[0]), int(image[1])) if image else None,
            step=(number(step[0]), number(step[1])) if step else None,
            offset=number(param.offset),
        )

    @property
    def boxes(self) -> int:
        """How many boxes a cell has."""
        return len(self.min_sizes) * (1 + len(self.ratios)) + len(self.max_sizes)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        height, width = require_axes(bottoms[0], 4)[2:]
        require_axes(bottoms[1], 4)
        return ((1, 2, height * width * self.boxes * 4),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        sizes = bottoms[0].shape[2:]
        image = self.image or bottoms[1].shape[2:]
        step = self.step or tuple(total / count for total, count in zip(image, sizes, strict=True))
        halves = np.array(self._sizes()) / 2
        y, x = (
            ((np.arange(count) + self.offset) * stride)[:, None] + [-1, 1] * half[:, None, None]
            for count, stride, half in zip(sizes, step, halves.T[:, :, None], strict=True)
        )
        raise NotImplementedError

    def _sizes(self) -> list[tuple[float, float]]:
        """Return (height, width) of every box of a cell."""
        found = []
        for index, size in enumerate(self.min_sizes):
            found.append((float(size), float(size)))
            for most in self.max_sizes[index : index + 1]:
                found.append(((size * most) ** 0.5,) * 2)
            found += [(size / ratio**0.5, size * ratio**0.5) for ratio in self.ratios]
        return found
