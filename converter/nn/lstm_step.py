"""One step of Caffe's LSTM."""

from __future__ import annotations

from torch import Tensor


def _lstm_step(c: Tensor, gates: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next memory and hidden state; the gates are i, f, o, g (lstm_unit_layer.cpp)."""
    i, f, o, g = gates.chunk(4, -1)
    c = keep * f.sigmoid() * c + i.sigmoid() * g.tanh()
    return c, o.sigmoid() * c.tanh()
