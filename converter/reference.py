"""The float64 reference: a net computed layer by layer in NumPy, from Caffe's documented behaviour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .bind import Bound, bind
from .errors import context
from .layer import Array, Arrays
from .net import Net, Step
from .weights import Weights


def evaluate(
    net: Net,
    weights: Weights | None,
    inputs: Mapping[str, np.ndarray[Any, Any]],
    *,
    allow_missing: bool = False,
    state: dict[int, Arrays] | None = None,
    bound: Bound | None = None,
    given: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> dict[str, Array]:
    """Return {blob name: float64 array} with the final value of every blob.

    The inputs may have any shape that the net could be reshaped to. `state` carries what recurrent layers keep from
    one forward to the next: give the same dictionary, empty at first, to each; without it each begins anew. `bound`
    takes the place of `weights` and `allow_missing` where the weights are bound already. A layer that `jumps`
    computes with the blobs of `given`, if it is there: so that it is compared on the numbers it was given.
    """
    bound = bound or bind(net, weights, allow_missing=allow_missing)
    blobs: dict[str, Array] = {name: np.asarray(inputs[name], np.float64) for name in net.inputs}
    for _, tops in walk(net, bound, inputs, state=state, given=given):
        blobs.update(tops)
    return blobs


def walk(
    net: Net,
    bound: Bound,
    inputs: Mapping[str, np.ndarray[Any, Any]],
    *,
    state: dict[int, Arrays] | None = None,
    given: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> Iterator[tuple[Step, dict[str, Array]]]:
    """Yield each step that computes, with its tops by blob; a blob is kept only until its last layer has read it."""
    state = {} if state is None else state
    last = {blob: at for at, step in enumerate(net.steps) for blob in step.layer.bottoms}
    blobs: dict[str, Array] = {name: np.asarray(inputs[name], np.float64) for name in net.inputs}
    for index, (step, stored) in enumerate(zip(net.steps, bound.blobs, strict=True)):
        layer = step.layer
        if layer.role == "input":
            continue
        with context(f"layer {layer.name!r} ({layer.type})"):
            source = given if given is not None and layer.jumps else blobs
            bottoms = [np.asarray(source[bottom], np.float64) for bottom in layer.bottoms]
            arrays = [blob.astype(np.float64) for blob in stored]
            if layer.stateful:
                tops, state[index] = layer.reference_from(bottoms, arrays, state.get(index, ()))
            else:
                tops = layer.reference(bottoms, arrays)
        del arrays, bottoms
        made = dict(zip(layer.tops, tops, strict=True))
        blobs.update(made)
        for blob in {*layer.bottoms, *layer.tops}:
            if last.get(blob, -1) <= index:
                del blobs[blob]
        yield step, made
