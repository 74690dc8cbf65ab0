"""What is exported: the written module, its inputs and outputs by blob, and numbers to compare it on."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import tolerance
from ..check import SEED, Arrays, noise
from ..compare import relative_difference
from ..errors import UnsupportedError
from ..program import Shape

if TYPE_CHECKING:
    from ..conversion import Conversion

Shapes = Mapping[str, Shape]
Numbers = np.ndarray[Any, np.dtype[Any]]

LOUD, SOFT = 1.0, 1 / 60
"""Scales of the noise that stands for a picture (`check.noise`, standard deviation 60).

Pictures of noise give logits of several hundred, and then a softmax that is all 0 and 1, or one in which float32
itself is not good to the limit; with soft numbers, what a net adds may hide what it computes. So both are compared.
"""

SEEDS = tuple(range(SEED, SEED + 4))
"""Tried in turn until the numbers are well conditioned: of two detections whose scores are one float32 step apart
either may come first."""

SHAKE, SHAKES = tolerance.EXPORT / 10, 32
"""How far, relative to each, and how often weights and inputs are moved to see what the module makes of it."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Inputs by blob, and the module's outputs in order."""

    fed: Arrays
    expected: list[Numbers]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A module in eval mode, and the conversion that it was written from."""

    conversion: Conversion
    module: nn.Module
    _known: dict[object, Case] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The blobs that `forward` takes, in order."""
        return self.conversion.net.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """The blobs that `forward` returns, in order."""
        return self.conversion.net.outputs

    @property
    def shapes(self) -> Shapes:
        """The declared shapes of the inputs."""
        return {blob: self.conversion.net.shapes[blob] for blob in self.inputs}

    def cases(self, shapes: Shapes, scale: float) -> Iterator[Case]:
        """Yield seeded cases of these shapes, of this scale before the other.

        Raises UnsupportedError where the module cannot run on them.
        """
        for attempt in product(SEEDS, (scale, SOFT if scale == LOUD else LOUD)):
            yield self._case(shapes, *attempt)

    def is_well_conditioned(self, case: Case) -> bool:
        """Say whether the module itself stays within half the limit, in float64 and with numbers moved a little."""
        double = copy.deepcopy(self.module).double()
        exact = _run(double, {blob: array.astype(np.float64) for blob, array in case.fed.items()})
        beside = (self._run_shaken(case, seed) for seed in range(SHAKES))
        return all(
            relative_difference(found, expected) <= tolerance.EXPORT / 2
            for outputs in (exact, *beside)
            for found, expected in zip(outputs, case.expected, strict=True)
        )

    def _run_shaken(self, case: Case, seed: int) -> list[Numbers]:
        """Run the module with each weight and input moved up or down, as rounding in any layer might."""
        generator = np.random.default_rng(seed)
        module = copy.deepcopy(self.module)
        for parameter in module.parameters():
            parameter.data = torch.tensor(_shaken(parameter.detach().numpy(), generator))
        return _run(module, {blob: _shaken(array, generator) for blob, array in case.fed.items()})

    def _case(self, shapes: Shapes, seed: int, scale: float) -> Case:
        """Return a case and remember it."""
        key = (seed, scale, *shapes.items())
        if key not in self._known:
            fed = noise(self.conversion, shapes, seed, scale)
            try:
                self._known[key] = Case(fed=fed, expected=_run(self.module, fed))
            except (IndexError, RuntimeError) as error:
                message = f"the module fails on made-up inputs of shapes {dict(shapes)}: {first_line(error)}"
                raise UnsupportedError(message) from error
        return self._known[key]


def tensors(values: Iterable[Numbers]) -> tuple[Tensor, ...]:
    """Return arrays as tensors of their own memory."""
    return tuple(torch.tensor(value) for value in values)


def arrays(out: Tensor | tuple[Tensor, ...]) -> list[Numbers]:
    """Return the one or several results of a forward as arrays."""
    return [part.detach().numpy() for part in (out if isinstance(out, tuple) else (out,))]


def first_line(error: BaseException) -> str:
    """Return the first line of what a library says, without the colours some of them add."""
    text = str(error).replace("\x1b[96m", "").replace("\x1b[0m", "").strip()
    return text.splitlines()[0] if text else type(error).__name__


def _run(module: nn.Module, fed: Arrays) -> list[Numbers]:
    """Return the outputs of one forward, begun without state from an earlier one."""
    reset = getattr(module, "reset", None)
    if reset is not None:
        reset()
    with torch.no_grad():
        return arrays(module(*tensors(fed.values())))


def _shaken(array: Numbers, generator: np.random.Generator) -> Numbers:
    factors = 1 + SHAKE * generator.choice((-1, 1), array.shape)
    return np.asarray(array * factors, array.dtype)
