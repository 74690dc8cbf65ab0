"""What the loss layers share: one number as top, labels, normalisation (loss_layer.cpp).

`loss_weight` scales gradients alone: the top holds the plain loss, whatever its weight.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer
from ..program import Bottom, Call, Expr, Shape, call
from ..shapes import axis_index

if TYPE_CHECKING:
    from protos import LossParameter

Mode = Literal["FULL", "VALID", "BATCH_SIZE", "NONE"]
MODES: tuple[Mode, ...] = ("FULL", "VALID", "BATCH_SIZE", "NONE")


@dataclass(frozen=True, kw_only=True)
class Loss(Layer):
    """A layer whose top is one number; Caffe makes an anonymous top where the text gives none."""

    num_bottoms = (2, 2)
    num_tops = (0, 1)
    role = "loss"

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        if bottoms[0][:1] != bottoms[1][:1]:
            raise InvalidNetError(
                f"bottom 0 has shape {bottoms[0]}, bottom 1 {bottoms[1]}; their first axes must be equal"
            )
        self.check(bottoms)
        return ((),) * len(self.tops)

    @abstractmethod
    def check(self, bottoms: Sequence[Shape]) -> None:
        """Refuse the shapes that Caffe refuses. Raises InvalidNetError."""

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return (np.asarray(self.loss(bottoms)),) * len(self.tops)

    @abstractmethod
    def loss(self, bottoms: Sequence[Array]) -> float:
        """Return the loss in float64."""


def normalization(param: LossParameter, default: Mode) -> Mode:
    """Return the mode: `normalization`, else what the older `normalize` stands for, else the default."""
    if param.HasField("normalization"):
        return MODES[param.normalization]
    if param.HasField("normalize"):
        return "VALID" if param.normalize else "BATCH_SIZE"
    return default


def ignore_label(param: LossParameter) -> int | None:
    """Return the label that does not count, if any."""
    return param.ignore_label if param.HasField("ignore_label") else None


def normalizer(mode: Mode, valid: Array, outer: int) -> int:
    """Return what the sum is divided by, at least 1: a batch without any valid label has a loss of 0."""
    counts = {"FULL": int(valid.size), "VALID": int(valid.sum()), "BATCH_SIZE": outer, "NONE": 1}
    return max(1, counts[mode])


def check_labels(bottoms: Sequence[Shape], axis: int) -> None:
    """Refuse unless there is one label for every position outside `axis`, in whatever shape."""
    at = axis_index(axis, bottoms[0])
    wanted = prod(bottoms[0][:at]) * prod(bottoms[0][at + 1 :])
    if prod(bottoms[1]) != wanted:
        raise InvalidNetError(
            f"takes {wanted} labels for predictions of shape {bottoms[0]} along axis {axis}, "
            f"found {prod(bottoms[1])} in shape {bottoms[1]}"
        )


def check_one_label(bottoms: Sequence[Shape], index: int = 1) -> None:
    """Refuse unless the bottom has one number for each item of the batch."""
    if prod(bottoms[index][1:]) != 1:
        raise InvalidNetError(f"takes one label for each item, found shape {bottoms[index]}")


def rows(x: Array, axis: int) -> Array:
    """Return the predictions as (positions, classes), positions in the order of the labels."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])


def labels(bottom: Array, ignored: int | None) -> tuple[Array, Array]:
    """Return labels cut to int as C does, 0 in place of ignored ones, and which ones count."""
    found = np.trunc(bottom).astype(int).reshape(-1)
    valid = np.ones(found.shape, bool) if ignored is None else found != ignored
    return np.where(valid, found, 0), valid


def first_size(expression: Expr) -> Call:
    """Return `x.size(0)`, the batch size."""
    return call(".size", expression, 0)


def shaped_like(index: int, other: int, bottoms: Sequence[Shape]) -> Expr:
    """Return a bottom in the shape of another of the same count."""
    if bottoms[index] == bottoms[other]:
        return Bottom(index)
    return call(".reshape_as", Bottom(index), Bottom(other))


def given(**options: int | str | None) -> dict[str, int | str]:
    """Return the options that are not None, for a call."""
    return {key: value for key, value in options.items() if value is not None}
