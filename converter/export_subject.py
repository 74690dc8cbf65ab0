"""What is exported: the written module, its inputs and outputs by blob, and numbers to run it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .check import Arrays, noise
from .errors import UnsupportedError
from .program import Shape

if TYPE_CHECKING:
    from .write import Conversion

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
        reset = getattr(self.module, "reset", None)
        if reset is not None:
            reset()
        with torch.no_grad():
            return arrays(self.module(*tensors(fed.values())))

    def feed(self, shapes: Shapes) -> Arrays:
        """Return seeded inputs of these shapes that the module can run on.

        Noise may point outside a table of rows or labels; there the inputs other than images become 0 and 1, which
        are inside. Raises UnsupportedError where the module fails on both.
        """
        fed = noise(self.conversion, shapes)
        try:
            self.run(fed)
        except (IndexError, RuntimeError):
            fed = {blob: array if array.ndim > 3 else _bits(array) for blob, array in fed.items()}
            try:
                self.run(fed)
            except (IndexError, RuntimeError) as error:
                message = f"the module fails on seeded inputs of shapes {dict(shapes)}: {first_line(error)}"
                raise UnsupportedError(message) from error
        return fed


def tensors(values: Sequence[Numbers] | Any) -> tuple[Tensor, ...]:
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
