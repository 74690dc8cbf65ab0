"""The state dict of the lowered module: Caffe's blobs under torch's names."""

from __future__ import annotations

from .bind import Bound
from .layer import Stored
from .lower import Lowering
from .net import Net


def state_dict(net: Net, lowering: Lowering, bound: Bound) -> dict[str, Stored]:
    """Return key -> array for `load_state_dict(strict=True)`; arrays that need no arithmetic stay views."""
    state = {}
    for step, attribute, blobs in zip(net.steps, lowering.attributes, bound.blobs, strict=True):
        if blobs and attribute is None:
            raise AssertionError(f"layer {step.layer.name!r} has weights but no module")
        for key, array in step.layer.state(blobs, step.bottoms).items():
            state[f"{attribute}.{key}"] = array
    return state
