"""Back ends: every one turns inputs into a `Trace`, the final value of each blob, as Caffe's `net.blobs` holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion

Array: TypeAlias = np.ndarray[Any, Any]
Trace: TypeAlias = Mapping[str, Array]
Backend: TypeAlias = Callable[[Trace], Trace]
"""Inputs by blob name -> trace; raises NotRunError where it cannot run."""


class NotRunError(Exception):
    """A back end cannot be run here; the message says why."""


class PortError(Exception):
    """The port raised; `blobs` are those that it had made before."""

    def __init__(self, message: str, blobs: Trace) -> None:
        super().__init__(message)
        self.blobs = blobs


def is_whole(module: torch.nn.Module) -> bool:
    """Whether the converter wrote the module's text, so that every blob can be had from it."""
    return hasattr(type(module), "blob_names")


def begin_anew(module: torch.nn.Module) -> None:
    """Make recurrent layers forget the forward before, where the port has a method `reset` for that."""
    reset = getattr(module, "reset", None)
    if callable(reset):
        reset()


@contextmanager
def same_draws() -> Iterator[None]:
    """Let every forward draw the same random numbers, so that two of a port that draws can be told together."""
    import torch

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        yield


def port_backend(
    module: torch.nn.Module, conversion: Conversion, *, again: bool = False
) -> Backend:
    """Return a port as a back end: every blob of what the converter wrote, of another module what `watch` sees.

    With `again` recurrent layers go on from the forward before; otherwise they begin anew, as the reference does.
    Raises PortError when run, where the module raises.
    """

    def run(inputs: Trace) -> Trace:
        from converter import trace

        if not again:
            begin_anew(module)
        if not is_whole(module):
            return _watched(module, conversion, inputs)
        try:
            with same_draws():
                blobs = trace(module, inputs)
        except (Exception, SystemExit):  # noqa: BLE001 (somebody's code may raise anything; it is run again and told)
            return _watched(module, conversion, inputs)
        if not again:
            blobs |= _returned(module, conversion, inputs, blobs)
        return blobs

    return run


def _returned(
    module: torch.nn.Module, conversion: Conversion, inputs: Trace, blobs: Trace
) -> dict[str, Array]:
    """Return the outputs as the port returns them: a trace is taken before the return statement.

    They may be flattened; `blobs`, by that trace, have their shapes.
    """
    begin_anew(module)
    seen = _watched(module, conversion, inputs)
    outputs = {blob: seen[blob] for blob in conversion.net.outputs}
    return {
        blob: array.reshape(blobs[blob].shape)
        if blob in blobs and blobs[blob].size == array.size
        else array
        for blob, array in outputs.items()
    }


def _watched(module: torch.nn.Module, conversion: Conversion, inputs: Trace) -> Trace:
    from .net.watch import watch

    seen = watch(module, conversion, inputs)
    if seen.error:
        raise PortError(seen.error, seen.blobs)
    return seen.blobs


def reference_backend(conversion: Conversion) -> Backend:
    """Return the float64 NumPy reference, which is written from Caffe's documented behaviour."""

    def run(inputs: Trace) -> Trace:
        from converter.reference import evaluate

        return evaluate(conversion.net, conversion.weights, inputs, bound=conversion.bound)

    return run
