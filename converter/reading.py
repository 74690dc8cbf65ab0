"""`read_model`: the net and the weights that a user names, for everything that loads, converts or judges a model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from .errors import context
from .net import InputShape, Net, load_net
from .weights import load_weights

if TYPE_CHECKING:
    from .weights import Weights


class NetReading(TypedDict, total=False):
    """The keywords of `load_net`."""

    phase: str
    stages: Iterable[str]
    level: int
    input_shape: InputShape
    dialect: str | None


class Reading(NetReading, total=False):
    """How a net is read for a model: the keywords of `load_net`, and net surgery."""

    fully_convolutional: bool


def read_model(
    model: str | Path | None, text: str | Path, **reading: Unpack[Reading]
) -> tuple[Net, Weights | None]:
    """Return the net of `text` and the weights in `model`; the weights first, so that no model is told at once.

    `text` is a prototxt, or the model whose own net is used.
    """
    weights = load_weights(model) if model is not None else None
    return load_net_as(text, **reading), weights


def load_net_as(
    text: str | Path, *, fully_convolutional: bool = False, **reading: Unpack[NetReading]
) -> Net:
    """Return the net of a prototxt or a model, as it is or with its inner products turned into convolutions."""
    net = load_net(text, **reading)
    if not fully_convolutional:
        return net
    from .convolutional import to_fully_convolutional

    with context(str(text)):
        return to_fully_convolutional(net)
