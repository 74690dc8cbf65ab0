"""What Permute and Transpose share: top axis i is bottom axis order[i]."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ..layer import Array, Arrays, Layer
from ..program import Bottom, Lowered, Shape, function


@dataclass(frozen=True, kw_only=True)
class Permutation(Layer):
    """Axes in another order; the values stay."""

    order: tuple[int, ...]

    @abstractmethod
    def whole_order(self, axes: int) -> tuple[int, ...]:
        """Return a bottom axis for each of `axes` top axes. Raises InvalidNetError where the fork would refuse."""

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        (shape,) = bottoms
        return (tuple(shape[axis] for axis in self.whole_order(len(shape))),)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        (x,) = bottoms
        return (x.transpose(self.whole_order(x.ndim)),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        order = self.whole_order(len(bottoms[0]))
        if order == tuple(range(len(order))):
            return Lowered(Bottom(0))
        return function(".permute", Bottom(0), *order)
