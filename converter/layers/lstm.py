"""LSTM with gates in the order i, f, o, g (lstm_layer.cpp, lstm_unit_layer.cpp).

`cont` gates both the hidden state and the memory. Blobs: W_xc, b_c, W_xc_static if there is a static input, W_hc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.elementwise import sigmoid
from ..families.recurrent import Recurrent
from ..layer import Array, Arrays


@dataclass(frozen=True, kw_only=True)
class LSTM(Recurrent, type="LSTM"):
    """Long short-term memory; its state is (h, c)."""

    num_bottoms = (2, 5)
    num_tops = (1, 3)
    gates = 4
    carried = 2

    def step(
        self, driven: Array, keep: Array, state: Arrays, blobs: Sequence[Array]
    ) -> tuple[Array, Arrays]:
        h, c = state
        c, h = lstm_unit(c, driven + (keep * h) @ blobs[0].T, keep)
        return h, (h, c)


def lstm_unit(c: Array, gates: Array, keep: Array) -> tuple[Array, Array]:
    """Return the next memory and hidden state."""
    i, f, o, g = np.split(gates, 4, axis=-1)
    c = keep * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c, sigmoid(o) * np.tanh(c)
