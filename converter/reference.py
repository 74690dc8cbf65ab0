"""The float64 reference: a net computed layer by layer in NumPy, from Caffe's documented behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .bind import bind
from .errors import context
from .layer import Array
from .net import Net
from .weights import Weights


def evaluate(
    net: Net,
    weights: Weights | None,
    inputs: Mapping[str, np.ndarray[Any, Any]],
    *,
    allow_missing: bool = False,
) -> dict[str, Array]:
    """Return {blob name: float64 array} with the final value of every blob.

    The inputs may have any shape that the net could be reshaped to.
    """
    bound = bind(net, weights, allow_missing=allow_missing)
    blobs: dict[str, Array] = {name: np.asarray(inputs[name], np.float64) for name in net.inputs}
    for step, stored in zip(net.steps, bound.blobs, strict=True):
        if step.layer.role == "input":
            continue
        with context(f"layer {step.layer.name!r} ({step.layer.type})"):
            bottoms = [blobs[bottom] for bottom in step.layer.bottoms]
            tops = step.layer.reference(bottoms, [blob.astype(np.float64) for blob in stored])
        blobs.update(zip(step.layer.tops, tops, strict=True))
    return blobs
