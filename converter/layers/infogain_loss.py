"""InfogainLoss: -sum of H[label] * log(max(softmax(x), 1e-20)) (infogain_loss_layer.cpp).

The bottom holds scores: Caffe has taken their softmax itself since 2016. The matrix H is a third bottom or a file,
whose numbers become a buffer of the module, so that they travel with its weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.elementwise import softmax
from ..families.losses import (
    Loss,
    Mode,
    check_labels,
    given,
    ignore_label,
    labels,
    normalization,
    normalizer,
    rows,
)
from ..files.stored import load_blob
from ..layer import Array, Arrays, Stored, header
from ..program import Bottom, Expr, Lowered, Shape, call, module
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LayerParameter

LOG_THRESHOLD = 1e-20  # kLOG_THRESHOLD


@dataclass(frozen=True, kw_only=True)
class InfogainLoss(Loss, type="InfogainLoss"):
    """Softmax loss in which H says how much each confusion costs; a second top is the softmax."""

    axis: int
    ignore_label: int | None
    normalization: Mode
    matrix: Stored | None = field(repr=False, compare=False)

    num_bottoms = (2, 3)
    num_tops = (0, 2)
    restrictions = "a matrix given as a file must lie where the text says, or beside the net"

    @classmethod
    def parse(cls, proto: LayerParameter) -> InfogainLoss:
        param = proto.infogain_loss_param
        if proto.loss_param.HasField("normalize"):
            raise InvalidNetError("gives normalize, which InfogainLoss refuses; use normalization")
        if len(proto.top) > 1 and not proto.loss_weight:
            raise InvalidNetError("has two tops and no loss_weight; give it for each, e.g. 1 and 0")
        if len(proto.bottom) < 3 and not param.source:
            raise InvalidNetError(
                "has no matrix; give infogain_loss_param { source: } or a third bottom"
            )
        return cls(
            **header(proto),
            axis=param.axis,
            ignore_label=ignore_label(proto.loss_param),
            normalization=normalization(proto.loss_param, "VALID"),
            matrix=load_blob(Path(param.source)) if len(proto.bottom) < 3 else None,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        super().shapes(bottoms)
        return ((), bottoms[0])[: len(self.tops)]

    def check(self, bottoms: Sequence[Shape]) -> None:
        check_labels(bottoms, self.axis)
        classes = bottoms[0][axis_index(self.axis, bottoms[0])]
        shape = bottoms[2] if self.matrix is None else self.matrix.shape
        if prod(shape) != classes**2:
            raise InvalidNetError(
                f"the matrix has shape {shape}; {classes} classes need {classes}x{classes} numbers"
            )

    def state(self, blobs: Sequence[Stored], bottoms: Sequence[Shape]) -> dict[str, Stored]:
        if self.matrix is None:
            return {}
        classes = bottoms[0][axis_index(self.axis, bottoms[0])]
        return {"matrix": self.matrix.reshape(classes, classes)}

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: bottoms[0][axis_index(self.axis, bottoms[0])]}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        axis = axis_index(self.axis, bottoms[0].shape)
        return (np.asarray(self.loss(bottoms)), softmax(bottoms[0], axis))[: len(self.tops)]

    def loss(self, bottoms: Sequence[Array]) -> float:
        axis = axis_index(self.axis, bottoms[0].shape)
        label, valid = labels(bottoms[1], self.ignore_label)
        p = rows(softmax(bottoms[0], axis), axis)
        matrix = bottoms[2] if self.matrix is None else self.matrix.astype(np.float64)
        gains = matrix.reshape(p.shape[1], -1)[label] * np.log(np.maximum(p, LOG_THRESHOLD))
        outer = prod(bottoms[0].shape[:axis])
        return float(-gains[valid].sum() / normalizer(self.normalization, valid, outer))

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        axis = axis_index(self.axis, bottoms[0])
        options = given(
            classes=bottoms[0][axis] if self.matrix is not None else None,
            ignore_label=self.ignore_label,
            normalization=self.normalization,
        )
        inputs = tuple(Bottom(index) for index in range(len(bottoms)))
        lowered = module("InfogainLoss", axis, inputs=inputs, **options)
        if len(self.tops) < 2:
            return lowered
        tops: Expr = (lowered.expression, call("F.softmax", Bottom(0), axis))
        return Lowered(tops, lowered.module)
