"""Accuracy: the share of labels among the `top_k` best; a tie with the label counts against it (accuracy_layer.cpp)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.losses import check_labels, labels, rows
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Accuracy(Layer, type="Accuracy"):
    """Share of right labels; a second top has it for every class, 0 for a class that does not occur."""

    top_k: int
    axis: int
    ignore_label: int | None

    num_bottoms = (2, 2)
    jumps = True
    num_tops = (1, 2)
    role = "loss"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Accuracy:
        param = proto.accuracy_param
        return cls(
            **header(proto),
            top_k=param.top_k,
            axis=param.axis,
            ignore_label=param.ignore_label if param.HasField("ignore_label") else None,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        classes = prod(bottoms[0]) // prod(bottoms[1])
        if self.top_k > classes:
            raise InvalidNetError(
                f"top_k is {self.top_k}; it must be at most the {classes} classes"
            )
        check_labels(bottoms, self.axis)
        return ((), (bottoms[0][axis_index(self.axis, bottoms[0])],))[: len(self.tops)]

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: bottoms[0][axis_index(self.axis, bottoms[0])]}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x = rows(bottoms[0], axis_index(self.axis, bottoms[0].shape))
        label, valid = labels(bottoms[1], self.ignore_label)
        better = (x >= x[np.arange(len(x)), label, None]).sum(1) - 1
        right = (better < self.top_k) & valid
        hits, seen = (np.bincount(label[which], minlength=x.shape[1]) for which in (right, valid))
        tops = np.asarray(right.sum() / max(1, valid.sum())), hits / np.maximum(seen, 1)
        return tops[: len(self.tops)]

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        options: dict[str, int | bool] = {}
        if self.ignore_label is not None:
            options["ignore_label"] = self.ignore_label
        if len(self.tops) > 1:
            options["per_class"] = True
        axis = axis_index(self.axis, bottoms[0])
        return module("Accuracy", self.top_k, axis, inputs=(Bottom(0), Bottom(1)), **options)
