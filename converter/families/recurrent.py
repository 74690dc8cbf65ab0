"""What LSTM and RNN share: steps over time, and a state carried from forward to forward (recurrent_layer.cpp)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Blob, Filler, Layer, header
from ..program import Bottom, Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Recurrent(Layer):
    """Bottoms: x (T, N, ...), cont (T, N), maybe a static input (N, ...), and the first state if it is exposed.

    `cont` multiplies the state that a step begins with: 0 starts a sequence, 1 continues it.
    """

    num_output: int
    expose_hidden: bool
    weight_filler: Filler
    bias_filler: Filler

    stateful = True
    restrictions = "carries its state from one forward to the next, as in Caffe; `reset` forgets it"
    gates: ClassVar[int]
    """How many vectors of `num_output` a step computes."""
    carried: ClassVar[int]
    """How many blobs are the state."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> Self:
        param = proto.recurrent_param
        if param.num_output < 1:
            raise InvalidNetError(f"num_output is {param.num_output}; it must be at least 1")
        return cls(
            **header(proto),
            num_output=param.num_output,
            expose_hidden=param.expose_hidden,
            weight_filler=Filler.parse(param.weight_filler),
            bias_filler=Filler.parse(param.bias_filler),
        )

    @property
    def _exposed(self) -> int:
        return self.carried if self.expose_hidden else 0

    def _static(self, bottoms: Sequence[Shape]) -> Shape | None:
        """Return the shape of the static input, if there is one."""
        return bottoms[2] if len(bottoms) > 2 + self._exposed else None

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        self._check_numbers()
        x, cont = bottoms[:2]
        if len(x) < 3:
            raise InvalidNetError(f"takes x of shape (time, streams, ...), found {x}")
        if cont != x[:2]:
            raise InvalidNetError(
                f"cont has shape {cont}; it must be {x[:2]}, the time and streams of x"
            )
        static = self._static(bottoms)
        if static is not None and (len(static) < 2 or static[0] != x[1]):
            raise InvalidNetError(f"static input has shape {static}; it must be ({x[1]}, ...)")
        state = (1, x[1], self.num_output)
        for shape in bottoms[len(bottoms) - self._exposed :]:
            if shape != state:
                raise InvalidNetError(f"first state has shape {shape}; it must be {state}")
        return ((*x[:2], self.num_output), *(state,) * self._exposed)

    def _check_numbers(self) -> None:
        if len(self.tops) != 1 + self._exposed:
            raise InvalidNetError(f"has {len(self.tops)} tops, takes {1 + self._exposed}")
        if len(self.bottoms) - 2 - self._exposed not in {0, 1}:
            raise InvalidNetError(
                f"has {len(self.bottoms)} bottoms, takes {2 + self._exposed}, or one more with a "
                f"static input"
            )

    def weights(self, bottoms: Sequence[Shape]) -> tuple[Blob, ...]:
        rows, static = self.gates * self.num_output, self._static(bottoms)
        driven = [
            self._weight("input", rows, prod(bottoms[0][2:])),
            Blob(key="input.bias", shape=(rows,), filler=self.bias_filler),
        ]
        if static is not None:
            driven.append(self._weight("static", rows, prod(static[1:])))
        return (*driven, self._weight("hidden", rows, self.num_output))

    def _weight(self, part: str, rows: int, columns: int) -> Blob:
        return Blob(key=f"{part}.weight", shape=(rows, columns), filler=self.weight_filler)

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        return {1: 2}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        return self.reference_from(bottoms, blobs, ())[0]

    def reference_from(
        self, bottoms: Sequence[Array], blobs: Sequence[Array], state: Arrays
    ) -> tuple[Arrays, Arrays]:
        x, cont = bottoms[:2]
        driven = x.reshape(*x.shape[:2], -1) @ blobs[0].T + blobs[1]
        rest = list(blobs[2:])
        if self._static([bottom.shape for bottom in bottoms]) is not None:
            driven += bottoms[2].reshape(x.shape[1], -1) @ rest.pop(0).T
        if self.expose_hidden:
            state = tuple(bottom[0] for bottom in bottoms[-self.carried :])
        elif not state or len(state[0]) != x.shape[1]:
            state = (np.zeros((x.shape[1], self.num_output)),) * self.carried
        outputs = []
        for now, keep in zip(driven, cont[..., None], strict=True):
            output, state = self.step(now, keep, state, rest)
            outputs.append(output)
        exposed = tuple(blob[None] for blob in state) if self.expose_hidden else ()
        return (np.stack(outputs), *exposed), state

    @abstractmethod
    def step(
        self, driven: Array, keep: Array, state: Arrays, blobs: Sequence[Array]
    ) -> tuple[Array, Arrays]:
        """Return output and state after one time step, in float64."""

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        static = self._static(bottoms)
        options: dict[str, int | bool] = {} if static is None else {"static": prod(static[1:])}
        if self.expose_hidden:
            options["expose_hidden"] = True
        inputs = tuple(Bottom(index) for index in range(len(bottoms)))
        size = prod(bottoms[0][2:])
        return module(self.type, size, self.num_output, inputs=inputs, **options)

    def multiply_adds(self, bottoms: Sequence[Shape], tops: Sequence[Shape]) -> int:
        steps, streams = bottoms[0][:2]
        return sum(
            prod(blob.shape) * streams * (1 if blob.key == "static.weight" else steps)
            for blob in self.weights(bottoms)
            if blob.key.endswith("weight")
        )
