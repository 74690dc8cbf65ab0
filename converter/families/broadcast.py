"""Where the second factor or summand of Scale and Bias lies along the first (scale_layer.cpp, bias_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InvalidNetError
from ..program import Shape
from ..shapes import axis_index


@dataclass(frozen=True, kw_only=True)
class Operand:
    """Its shape lies along the first bottom's axes from `axis` on; `trailing` axes follow."""

    axis: int
    shape: Shape
    trailing: int

    @property
    def broadcast(self) -> Shape:
        """The shape that NumPy and torch broadcast along the first bottom."""
        return self.shape + (1,) * self.trailing


def learned(axis: int, num_axes: int, bottom: Shape) -> Operand:
    """Return the operand that the layer learns: `num_axes` axes (-1: all) from `axis` on."""
    start = axis_index(axis, bottom)
    end = len(bottom) if num_axes == -1 else start + num_axes
    if num_axes < -1 or end > len(bottom):
        raise InvalidNetError(
            f"num_axes is {num_axes}; from axis {start} on, shape {bottom} has {len(bottom) - start} "
            f"(-1 takes them all)"
        )
    return Operand(axis=start, shape=bottom[start:end], trailing=len(bottom) - end)


def given(axis: int, bottom: Shape, second: Shape) -> Operand:
    """Return the operand that is the second bottom. Raises InvalidNetError where it does not fit."""
    start = axis_index(axis, bottom) if second else 0
    along = bottom[start : start + len(second)]
    if along != second:
        raise InvalidNetError(
            f"bottom 1 has shape {second}, bottom 0 has {along} from axis {start} on; they must be equal"
        )
    return Operand(axis=start, shape=second, trailing=len(bottom) - start - len(second))


def operand(axis: int, num_axes: int, bottoms: Sequence[Shape]) -> Operand:
    """Return the operand: the second bottom if there is one, else learned."""
    if len(bottoms) > 1:
        return given(axis, bottoms[0], bottoms[1])
    return learned(axis, num_axes, bottoms[0])
