"""What is exported: the written module, its inputs and outputs by blob, and numbers to run it on."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from . import tolerance
from .check import Arrays, noise
from .compare import relative_difference
from .errors import UnsupportedError
from .program import Shape

if TYPE_CHECKING:
    from .write import Conversion

LOUDNESS = 60
"""The standard deviation of the noise that stands for a picture (`check.noise`)."""

Shapes = Mapping[str, Shape]
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A module in eval mode, and the conversion that it was written from."""

    conversion: Conversion
    module: nn.Module

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

    def run(self, fed: Arrays) -> list[Numbers]:
        """Return the outputs of one forward, begun without state from an earlier one."""
        return _run(self.module, fed)

    def feed(self, shapes: Shapes) -> Arrays:
        """Return seeded inputs of these shapes, such that a difference beyond the limit is a mistake.

        Pictures come first, then numbers 60 times smaller: logits of several hundred, as noise gives them, make a
        softmax in which float32 itself is not good to the limit. Then inputs other than images become 0 and 1,
        because noise may point outside a table of rows or labels. The last that the module can run on is kept where
        none is well conditioned. Raises UnsupportedError where it can run on none.
        """
        loud = noise(self.conversion, shapes)
        soft = {blob: array / np.float32(LOUDNESS) for blob, array in loud.items()}
        bits = {blob: array if array.ndim > 3 else _bits(array) for blob, array in soft.items()}
        usable, failures = list[Arrays](), list[Exception]()
        for fed in (loud, soft, bits):
            try:
                usable.append(fed)
                if self._is_well_conditioned(fed):
                    return fed
            except (IndexError, RuntimeError) as error:
                usable.pop()
                failures.append(error)
        if usable:
            return usable[-1]
        raise UnsupportedError(
            f"the module fails on made-up inputs of shapes {dict(shapes)}: {first_line(failures[-1])}"
        ) from failures[-1]

    @cached_property
    def _double(self) -> nn.Module:
        return copy.deepcopy(self.module).double()

    def _is_well_conditioned(self, fed: Arrays) -> bool:
        """Say whether the module in float32 is far closer to itself in float64 than an export has to be."""
        exact = _run(self._double, {blob: array.astype(np.float64) for blob, array in fed.items()})
        return all(
            relative_difference(ours, theirs) <= tolerance.EXPORT / 4
            for ours, theirs in zip(self.run(fed), exact, strict=True)
        )


def _run(module: nn.Module, fed: Arrays) -> list[Numbers]:
    reset = getattr(module, "reset", None)
    if reset is not None:
        reset()
    with torch.no_grad():
        return arrays(module(*tensors(fed.values())))


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


def _bits(array: Numbers) -> Numbers:
    return (array > 0).astype(array.dtype)
