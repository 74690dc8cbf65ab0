"""Caffe's learning rates and weight decays for each blob, as the parameter groups of a torch optimizer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from .lower import lower
from .net import Net
from .rates import Rate
from .record import RECORD

if TYPE_CHECKING:
    import torch


class Group(TypedDict):
    """One group of a torch optimizer."""

    params: list[torch.nn.Parameter]
    lr: float
    weight_decay: float


def parameter_groups(
    module: torch.nn.Module, source: Net | str | Path, *, base_lr: float, weight_decay: float = 0.0
) -> list[Group]:
    """Return optimizer groups with Caffe's rate for each parameter.

        groups = converter.parameter_groups(module, "net_torch", base_lr=0.01, weight_decay=0.0005)
        optimizer = torch.optim.SGD(groups, momentum=0.9)

    `source` is what the module came from: the written folder, or the net as `load_net` returns it. `base_lr` and
    `weight_decay` are those of Caffe's solver; a group has `lr = base_lr * lr_mult` and
    `weight_decay = weight_decay * decay_mult` (sgd_solver.cpp, GetLearningRate and Regularize).

    Parameters whose `lr_mult` is 0 are frozen as in Caffe, which computes no gradient for them: they are in no group,
    and `requires_grad` becomes False.

    Raises:
        ValueError: the module has parameters that `source` does not have.
    """
    rates = _of_net(source) if isinstance(source, Net) else _of_folder(Path(source))
    parameters = dict(module.named_parameters())
    unknown = sorted(set(parameters) - set(rates))
    if unknown:
        raise ValueError(f"the module has parameters that its source lacks: {', '.join(unknown)}")
    groups: dict[Rate, Group] = {}
    for name, parameter in parameters.items():
        rate = rates[name]
        if not rate.trained:
            parameter.requires_grad_(False)
            continue
        group = groups.setdefault(rate, _group(rate, base_lr, weight_decay))
        group["params"].append(parameter)
    return list(groups.values())


def _group(rate: Rate, base_lr: float, weight_decay: float) -> Group:
    return {
        "params": [],
        "lr": base_lr * rate.lr_mult,
        "weight_decay": weight_decay * rate.decay_mult,
    }


def _of_net(net: Net) -> Mapping[str, Rate]:
    """Return {parameter name: its rate} of a net."""
    lowering = lower(net)
    rows = zip(net.steps, net.rates, lowering.attributes, strict=True)
    rates = {
        f"{attribute}.{blob.key}": rate
        for step, found, attribute in rows
        for blob, rate in zip(step.blobs, found, strict=True)
    }
    return _once_decayed(rates, (tie.sharer for tie in lowering.program.ties))


def _of_folder(folder: Path) -> Mapping[str, Rate]:
    """Return {parameter name: its rate} of a written folder."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    rates = {
        blob["key"]: Rate(lr_mult=blob["lr_mult"], decay_mult=blob["decay_mult"])
        for row in record["layers"]
        for blob in row["blobs"]
    }
    return _once_decayed(rates, (tie["parameter"] for tie in record["shared"]))


def _once_decayed(rates: Mapping[str, Rate], sharers: Iterator[str]) -> Mapping[str, Rate]:
    """Let only the owner of shared numbers decay; one that is shared in another shape is a parameter twice."""
    return {**rates, **{name: replace(rates[name], decay_mult=0.0) for name in sharers}}
