"""Gradients of emitted modules: finite for every parameter that Caffe would train, and those of the reference.

The oracle is the float64 NumPy reference, which knows nothing of torch: its central difference along a random
direction of all blobs at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from golden import cases, load_case

from converter.bind import Bound, bind
from converter.loading import to_module
from converter.lower import lower
from converter.net import Net
from converter.reference import evaluate
from converter.tracing import _returning_locals
from converter.weights import load_weights

STEP = 1e-7
LIMIT = 1e-5
"""Relative. A central difference of float64 numbers with this step is exact to 1e-16 / 1e-7 times what cancels."""

Arrays = dict[str, Any]
GROUPS = ("nets", "layers", "forks", "formats")


def trained_cases(*groups: str) -> list[tuple[str, str]]:
    """The recorded cases with a parameter that Caffe would train."""
    return [
        (group, name)
        for group in groups
        for name in cases(group)
        if any(rate.trained for rates in load_case(group, name)[0].rates for rate in rates)
    ]


def differentiable(module: torch.nn.Module, net: Net, fed: Arrays, kind: torch.dtype) -> Arrays:
    """Every blob of a forward that depends on the parameters."""
    inputs = [torch.tensor(fed[blob]) for blob in net.inputs]
    tensors = [x.to(kind) if x.is_floating_point() else x for x in inputs]
    found = _returning_locals(type(module).forward)(module, *tensors)
    names = module.blob_names
    return {
        names.get(name, name): value
        for name, value in found.items()
        if isinstance(value, torch.Tensor) and value.requires_grad
    }


def weighted_sum(blobs: Arrays, factors: Arrays) -> Any:
    """One number that all these blobs bear on."""
    return sum((blobs[name] * factor).sum() for name, factor in factors.items())


def parameters_of(net: Net) -> dict[tuple[int, int], str]:
    """(step, blob) -> the parameter's name, of what Caffe would train."""
    attributes = lower(net).attributes
    return {
        (index, at): f"{attributes[index]}.{blob.key}"
        for index, step in enumerate(net.steps)
        for at, blob in enumerate(step.blobs)
        if net.rates[index][at].trained
    }


def moved(bound: Bound, directions: dict[tuple[int, int], np.ndarray], by: float) -> Bound:
    """The weights, moved along the directions."""
    blobs = tuple(
        tuple(
            blob.astype(float) + by * directions.get((index, at), 0.0)
            for at, blob in enumerate(row)
        )
        for index, row in enumerate(bound.blobs)
    )
    return replace(bound, blobs=blobs)


def directions_of(net: Net, bound: Bound, rng: np.random.Generator) -> dict[tuple[int, int], Any]:
    """A random direction for each trained blob, as long as the blob; shared blobs move together."""
    owners = {share.sharer: share.owner for share in net.shares}
    directions: dict[tuple[int, int], np.ndarray] = {}
    for index, at in parameters_of(net):
        blob = bound.blobs[index][at]
        owner = directions.get(owners.get((index, at), (index, at)))
        size = float(np.abs(blob).mean()) or 1.0
        own = owner if owner is not None else rng.normal(scale=size, size=blob.shape)
        directions[index, at] = own.reshape(blob.shape)
    return directions


@pytest.mark.parametrize(("group", "name"), trained_cases(*GROUPS))
def test_gradient_is_the_slope_of_the_reference(group: str, name: str) -> None:
    net, path, fed, _ = load_case(group, name)
    fed = {blob: np.asarray(array, float) for blob, array in fed.items()}
    weights = load_weights(path) if path else None
    bound, rng = bind(net, weights, allow_missing=True), np.random.default_rng(15)
    module = to_module(net, weights, allow_missing=True).double()
    blobs = differentiable(module, net, fed, torch.float64)
    factors = {blob: rng.normal(size=tuple(value.shape)) for blob, value in blobs.items()}
    weighted_sum(blobs, {blob: torch.tensor(array) for blob, array in factors.items()}).backward()

    directions, slope = directions_of(net, bound, rng), 0.0
    parameters = dict(module.named_parameters())
    for slot, key in parameters_of(net).items():
        if key not in parameters:
            continue  # a sharer in the same shape: the owner's gradient has its part
        gradient = parameters[key].grad
        assert gradient is not None and torch.isfinite(gradient).all(), key
        slope += float((gradient.numpy().ravel() * directions[slot].ravel()).sum())
    ends = [evaluate(net, None, fed, bound=moved(bound, directions, by)) for by in (STEP, -STEP)]
    upper, lower_ = (weighted_sum(end, factors) for end in ends)
    expected = (upper - lower_) / (2 * STEP)
    assert slope == pytest.approx(expected, rel=LIMIT)


@pytest.mark.parametrize("name", [name for _, name in trained_cases("nets")])
def test_every_parameter_has_a_finite_gradient_in_train_mode(name: str) -> None:
    net, path, fed, _ = load_case("nets", name)
    module = to_module(net, load_weights(path) if path else None, allow_missing=True).train()
    torch.manual_seed(15)
    sum(
        blob.square().mean() for blob in differentiable(module, net, fed, torch.float32).values()
    ).backward()
    lacking = [
        key
        for key, parameter in module.named_parameters()
        if parameter.grad is None or not torch.isfinite(parameter.grad).all()
    ]
    assert not lacking
