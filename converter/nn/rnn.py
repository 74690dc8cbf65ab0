"""Caffe's RNN: torch's has no `cont`, no static input and no output layer."""

from __future__ import annotations

from torch import Tensor, nn

from .recurrent import Recurrent


class RNN(Recurrent):
    """h = tanh(input + hidden), output = tanh(W h + b) (rnn_layer.cpp)."""

    def __init__(
        self, inputs: int, outputs: int, *, static: int = 0, expose_hidden: bool = False
    ) -> None:
        super().__init__(inputs, outputs, outputs, static, expose_hidden)
        self.output = nn.Linear(outputs, outputs)

    def step(
        self, driven: Tensor, keep: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        h = (driven + self.hidden(keep * state[0])).tanh()
        return self.output(h).tanh(), (h,)
