"""RNN: h = tanh(W_xh x + b_h + W_hh (cont h)), o = tanh(W_ho h + b_o) (rnn_layer.cpp).

Blobs: W_xh, b_h, W_xh_static if there is a static input, W_hh, W_ho, b_o.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..families.recurrent import Recurrent
from ..layer import Array, Arrays, Blob
from ..program import Shape


@dataclass(frozen=True, kw_only=True)
class RNN(Recurrent, type="RNN"):
    """Elman network with an output layer; its state is h."""

    num_bottoms = (2, 4)
    num_tops = (1, 2)
    gates = 1
    carried = 1

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        size = self.num_output
        bias = Blob(key="output.bias", shape=(size,), filler=self.bias_filler)
        return (*super().weights(bottoms), self._weight("output", size, size), bias)

    def step(
        self, driven: Array, keep: Array, state: Arrays, blobs: Sequence[Array]
    ) -> tuple[Array, Arrays]:
        h = np.tanh(driven + (keep * state[0]) @ blobs[0].T)
        return np.tanh(h @ blobs[1].T + blobs[2]), (h,)
