"""What Caffe's recurrent layers share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Recurrent(nn.Module):
    """A layer over time that begins where its last forward ended, as in Caffe (recurrent_layer.cpp).

    Inputs: x (T, N, ...), cont (T, N), which multiplies the state before each step, maybe a static input (N, ...),
    and with `expose_hidden` the first state, (1, N, D) each; then the last state is returned as well.
    The state is no part of the state dict. `reset()` and another batch size set it to 0; an exported graph has none.
    """

    state_size = 1

    def __init__(
        self, inputs: int, outputs: int, rows: int, static: int, expose_hidden: bool
    ) -> None:
        super().__init__()
        self.expose_hidden = expose_hidden
        self.input = nn.Linear(inputs, rows)
        self.static = nn.Linear(static, rows, bias=False) if static else None
        self.hidden = nn.Linear(outputs, rows, bias=False)
        self.carried: tuple[Tensor, ...] = ()

    def reset(self) -> None:
        self.carried = ()

    def step(
        self, driven: Tensor, keep: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return output and state after one time step."""
        raise NotImplementedError

    def forward(self, x: Tensor, cont: Tensor, *rest: Tensor) -> Tensor | tuple[Tensor, ...]:
        driven = self.input(x.flatten(2))
        if self.static is not None:
            driven = driven + self.static(rest[0].flatten(1))
        state = self._begin(driven, rest)
        outputs = []
        for now, keep in zip(driven, cont.unsqueeze(-1), strict=True):
            output, state = self.step(now, keep, state)
            outputs.append(output)
        if self.expose_hidden:
            return (torch.stack(outputs), *(blob[None] for blob in state))
        if not _exporting():
            self.carried = tuple(blob.detach() for blob in state)
        return torch.stack(outputs)

    def _begin(self, driven: Tensor, rest: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if self.expose_hidden:
            return tuple(blob[0] for blob in rest[-self.state_size :])
        known = not _exporting() and self.carried
        if known and len(self.carried[0]) == driven.shape[1]:
            return tuple(blob.to(driven) for blob in self.carried)
        zero = driven.new_zeros(driven.shape[1], self.hidden.in_features)
        return (zero,) * self.state_size


def _exporting() -> bool:
    """Say whether torch.export runs; torch before 2.7 does not tell it from torch.compile."""
    exporting: bool = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)()
    return exporting
