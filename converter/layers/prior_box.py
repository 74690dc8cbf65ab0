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
        least, most = _whole_sizes(param)
        image = _pair(param, "img_size", "img_h", "img_w")
        step = _pair(param, "step", "step_h", "step_w")
        return cls(
            **header(proto),
            min_sizes=least,
            max_sizes=most,
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
        height, width = bottoms[0].shape[2:]
        image = self.image or bottoms[1].shape[2:]
        step = self.step or (image[0] / height, image[1] / width)
        half = np.array(self._sizes()) / 2
        y = ((np.arange(height) + self.offset) * step[0])[:, None, None]
        x = ((np.arange(width) + self.offset) * step[1])[:, None]
        boxes = np.empty((height, width, len(half), 4))
        boxes[..., 0], boxes[..., 2] = x - half[:, 1], x + half[:, 1]
        boxes[..., 1], boxes[..., 3] = y - half[:, 0], y + half[:, 0]
        boxes /= (image[1], image[0], image[1], image[0])
        if self.clip:
            boxes = boxes.clip(0, 1)
        variances = np.broadcast_to(self.variances, boxes.shape)
        return (np.stack((boxes.reshape(-1), variances.reshape(-1)))[None],)

    def _sizes(self) -> list[tuple[float, float]]:
        """Return (height, width) of every box of a cell."""
        found = []
        for index, size in enumerate(self.min_sizes):
            found.append((float(size), float(size)))
            found += [((size * most) ** 0.5,) * 2 for most in self.max_sizes[index : index + 1]]
            found += [(size / ratio**0.5, size * ratio**0.5) for ratio in self.ratios]
        return found

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, Expr] = {}
        if self.max_sizes:
            options["max_sizes"] = self.max_sizes
        if self.ratios:
            options["ratios"] = self.ratios
        options["variances"] = self.variances
        if self.step:
            options["step"] = self.step
        if self.image:
            options["image"] = self.image
        if self.offset != 0.5:
            options["offset"] = self.offset
        if self.clip:
            options["clip"] = True
        return module("PriorBox", self.min_sizes, inputs=(Bottom(0), Bottom(1)), **options)


def _pair(
    param: PriorBoxParameter, one: str, height: str, width: str
) -> tuple[float, float] | None:
    """Return (height, width) from either way of giving it, None where it is not given."""
    if param.HasField(height) or param.HasField(width):
        if param.HasField(one):
            raise InvalidNetError(f"gives {one} and {height}/{width}; keep one of them")
        found = getattr(param, height), getattr(param, width)
    elif param.HasField(one):
        found = (getattr(param, one),) * 2
    else:
        return None
    if min(found) <= 0:
        raise InvalidNetError(f"{height} and {width} are {found}; both must be above 0")
    return found


def _whole_sizes(param: PriorBoxParameter) -> tuple[tuple[int, ...], tuple[int, ...]]:
    least, most = list(param.min_size), list(param.max_size)
    if not least or min(least) <= 0:
        raise InvalidNetError(f"min_size is {least}; give one or more, all above 0")
    if most and len(most) != len(least):
        raise InvalidNetError(f"has {len(most)} max_size for {len(least)} min_size; give as many")
    for low, high in zip(least, most, strict=False):
        if high <= low:
            raise InvalidNetError(f"max_size {high} must be above min_size {low}")
    return tuple(map(int, least)), tuple(map(int, most))


def _ratios(given: Iterable[float], *, flip: bool) -> tuple[float, ...]:
    """Return the ratios beside 1, in float32 as Caffe: one near an earlier one is dropped, with its inverse."""
    found = [np.float32(1)]
    for value in given:
        ratio = np.float32(value)
        if ratio <= 0:
            raise InvalidNetError(f"aspect_ratio is {number(value)}; it must be above 0")
        if all(abs(ratio - known) >= NEAR for known in found):
            found += [ratio, 1 / ratio] if flip else [ratio]
    return tuple(number(float(ratio)) for ratio in found[1:])


def _variances(param: PriorBoxParameter) -> tuple[float, ...]:
    given = tuple(number(value) for value in param.variance) or (0.1,)
    if len(given) not in {1, 4} or min(given) <= 0:
        raise InvalidNetError(f"variance is {given}; give one or four, all above 0")
    return given
