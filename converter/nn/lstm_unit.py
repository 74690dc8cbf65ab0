"""Caffe's LSTM step as a layer of its own."""

from __future__ import annotations

from torch import Tensor, nn

from .lstm_step import _lstm_step


class LSTMUnit(nn.Module):
    """Takes memory (1, N, D), gates (1, N, 4 D) and cont (1, N); returns memory and hidden state."""

    def forward(self, c: Tensor, gates: Tensor, cont: Tensor) -> tuple[Tensor, Tensor]:
        return _lstm_step(c, gates, cont.unsqueeze(-1))
