"""What elementwise layers share: the top has the bottom's shape, and may be the bottom itself (neuron_layer.cpp)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Layer, header
from ..program import Expr, Shape, call

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Elementwise(Layer):
    """One bottom, one top of its shape; without fields of its own unless `parse` says otherwise."""

    in_place = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        return cls(**header(proto))

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        return (bottoms[0],)


def affine(x: Expr, scale: float, shift: float) -> Expr:
    """Write `x * scale + shift`, without the parts that change nothing."""
    scaled = x if scale == 1 else call("*", x, scale)
    if shift == 0:
        return scaled
    return call("+", scaled, shift) if shift > 0 else call("-", scaled, -shift)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) without overflow or cancellation."""
    tail = np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1.0) / (1.0 + tail)


def softmax(x: Array, axis: int) -> Array:
    """Return exp(x) over its sum along an axis, after the maximum is subtracted."""
    powers: Array = np.exp(x - x.max(axis, keepdims=True))
    powers /= powers.sum(axis, keepdims=True)
    return powers


def natural_log(base: float) -> float:
    """Return ln(base), where -1 stands for e. Raises InvalidNetError for a base that has none."""
    if base == -1:
        return 1.0
    if not 0 < base < math.inf:
        raise InvalidNetError(f"base is {base}; it must be above 0, or -1 for e")
    return math.log(base)
