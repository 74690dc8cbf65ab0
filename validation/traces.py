"""Back ends: every one turns inputs into a `Trace`, the final value of each blob, as Caffe's `net.blobs` holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def port_backend(module: torch.nn.Module, conversion: Conversion) -> Backend:
    """Return the converted module as a back end; of a module that was not emitted here, its outputs alone."""
    if hasattr(type(module), "blob_names"):
        return lambda inputs: _traced(module, inputs)
    return lambda inputs: _outputs(module, conversion, inputs)


def _traced(module: torch.nn.Module, inputs: Trace) -> Trace:
    from converter import trace

    if callable(
        reset := getattr(module, "reset", None)
    ):  # recurrent layers begin anew, as the reference does
        reset()
    return trace(module, inputs)


def _outputs(module: torch.nn.Module, conversion: Conversion, inputs: Trace) -> Trace:
    """Call the module with the inputs in the net's order; a single output, or a tuple in Caffe's order."""
    import torch

    net = conversion.net
    with torch.no_grad():
        found = module(*(torch.tensor(inputs[blob]) for blob in net.inputs))
    tensors = (found,) if isinstance(found, torch.Tensor) else tuple(found)
    return dict(zip(net.outputs, (tensor.numpy() for tensor in tensors), strict=True))


def reference_backend(conversion: Conversion) -> Backend:
    """Return the float64 NumPy reference, which is written from Caffe's documented behaviour."""

    def run(inputs: Trace) -> Trace:
        from converter.reference import evaluate

        return evaluate(conversion.net, conversion.weights, inputs, bound=conversion.bound)

    return run
