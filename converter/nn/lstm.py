"""Caffe's LSTM: torch's has no `cont`, no static input, and another order of gates."""

from __future__ import annotations

from torch import Tensor

from .lstm_step import _lstm_step
from .recurrent import Recurrent


class LSTM(Recurrent):
    """Long short-term memory with gates i, f, o, g; its state is (h, c) (lstm_layer.cpp)."""

    state_size = 2

    def __init__(
        self, inputs: int, outputs: int, *, static: int = 0, expose_hidden: bool = False
    ) -> None:
        super().__init__(inputs, outputs, 4 * outputs, static, expose_hidden)

    def step(
        self, driven: Tensor, keep: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, c = state
        c, h = _lstm_step(c, driven + self.hidden(keep * h), keep)
        return h, (h, c)
