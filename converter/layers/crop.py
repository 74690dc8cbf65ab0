"""Crop: bottom 0 cut to the sizes of bottom 1 from `axis` on (crop_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Expr, Lowered, Shape, call
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Crop(Layer, type="Crop"):
    """`offset` is empty (0), one value for all axes, or one for each from `axis` on."""

    axis: int
    offset: tuple[int, ...]

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Crop:
        param = proto.crop_param
        return cls(**header(proto), axis=param.axis, offset=tuple(param.offset))

    def _offsets(self, shape: Shape) -> dict[int, int]:
        """Return axis -> offset for the axes that are cut."""
        first = axis_index(self.axis, shape)
        cut = range(first, len(shape))
        if len(self.offset) > 1 and len(self.offset) != len(cut):
            raise InvalidNetError(
                f"has {len(self.offset)} offsets; from axis {first} on there are {len(cut)} axes; "
                f"give one offset, or one for each"
            )
        offsets = self.offset or (0,)
        return dict(zip(cut, offsets * len(cut) if len(offsets) == 1 else offsets, strict=True))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        top = list(bottoms[0])
        for axis, offset in self._offsets(bottoms[0]).items():
            if axis >= len(bottoms[1]):
                raise InvalidNetError(
                    f"bottom 1 of shape {bottoms[1]} has no axis {axis} to crop to"
                )
            wanted = bottoms[1][axis]
            if offset + wanted > top[axis]:
                raise InvalidNetError(
                    f"axis {axis}: offset {offset} and size {wanted} exceed the {top[axis]} of bottom 0"
                )
            top[axis] = wanted
        return (tuple(top),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x, like = bottoms
        self.shapes([x.shape, like.shape])
        cuts = [slice(None)] * x.ndim
        for axis, offset in self._offsets(x.shape).items():
            cuts[axis] = slice(offset, offset + like.shape[axis])
        return (x[tuple(cuts)],)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        x: Expr = Bottom(0)
        for axis, offset in self._offsets(bottoms[0]).items():
            x = call(".narrow", x, axis, offset, call(".size", Bottom(1), axis))
        return Lowered(x)
