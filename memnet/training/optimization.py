"""A recipe's optimizer and schedule, as torch has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from converter import load_net, parameter_groups
from converter.errors import context

from .errors import TrainingError
from .recipe import Optimizer, Recipe, Schedule

RATES = Path(__file__).parents[1] / "recipes" / "memnet_rates.prototxt"


def make_optimizer(model: nn.Module, wanted: Optimizer) -> torch.optim.Optimizer:
    """Return the optimizer of every parameter that has a gradient; frozen ones are left out.

    With `rates` each parameter has Caffe's `lr * lr_mult` and `weight_decay * decay_mult`, and one whose `lr_mult` is 0
    is frozen.
    """
    groups = _groups(model, wanted)
    if not any(group["params"] for group in groups):
        raise TrainingError("no parameter is left to train: all are frozen")
    lr, decay = wanted.lr, wanted.weight_decay
    if wanted.name == "sgd":
        if wanted.nesterov and not wanted.momentum:
            raise TrainingError(
                "optimizer.nesterov looks ahead by the momentum, and optimizer.momentum is 0; set one or the other"
            )
        return torch.optim.SGD(
            groups, lr, momentum=wanted.momentum, weight_decay=decay, nesterov=wanted.nesterov
        )
    if len(wanted.betas) != 2:
        raise TrainingError(f"optimizer.betas is {list(wanted.betas)}; it must be two numbers")
    kind = torch.optim.Adam if wanted.name == "adam" else torch.optim.AdamW
    return kind(groups, lr, betas=(wanted.betas[0], wanted.betas[1]), weight_decay=decay)


def _groups(model: nn.Module, wanted: Optimizer) -> list[dict[str, Any]]:
    if not wanted.rates:
        return [{"params": [each for each in model.parameters() if each.requires_grad]}]
    path = RATES if wanted.rates == "memnet" else Path(wanted.rates)
    with context(f"optimizer.rates: {path.name}"):
        try:
            source = path if path.is_dir() else load_net(path)
            found = parameter_groups(
                model, source, base_lr=wanted.lr, weight_decay=wanted.weight_decay
            )
        except ValueError as error:
            raise TrainingError(f"is of another net ({error})") from error
    return [dict(group) for group in found]


def make_schedule(
    optimizer: torch.optim.Optimizer, wanted: Schedule, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule over `steps` steps in all, to be stepped after each."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor(wanted, steps))


def factor(wanted: Schedule, steps: int) -> Callable[[int], float]:
    """Return the function from steps done to the factor of the learning rate.

    `step` is Caffe's, gamma ^ floor(step / size) (sgd_solver.cpp, GetLearningRate).
    """

    def at(step: int) -> float:
        if step < wanted.warmup:
            return (step + 1) / (wanted.warmup + 1)
        if wanted.name == "step":
            return float(wanted.gamma ** (step // wanted.step_size))
        done = min(1.0, (step - wanted.warmup) / max(1, steps - wanted.warmup))
        if wanted.name == "cosine":
            return wanted.least + (1 - wanted.least) * (1 + math.cos(math.pi * done)) / 2
        return 1 - (1 - wanted.least) * done if wanted.name == "linear" else 1.0

    return at


def make_loss(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of scores (N,) against measured ones (N,), averaged over images."""
    name = recipe.training.loss
    if name == "mae":
        return nn.functional.l1_loss
    if name == "huber":
        return nn.functional.huber_loss
    half = 0.5 if name == "euclidean" else 1.0
    return lambda scores, truth: half * nn.functional.mse_loss(scores, truth)
