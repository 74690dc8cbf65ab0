"""Sigmoid: 1 / (1 + exp(-x)) (sigmoid_layer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..families.elementwise import Elementwise, sigmoid
from ..layer import Array, Arrays
from ..program import Lowered, Shape, module


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Elementwise, type="Sigmoid"):
    """Logistic function."""

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (sigmoid(bottoms[0]),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module("nn.Sigmoid")
