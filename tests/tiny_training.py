"""Training runs of a second or two: MemNet at a sixteenth of its width on 60 generated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from memnet.networks.trained import load_trained
from memnet.training import Recipe, load_recipe
from memnet.training.checkpoints import read_checkpoint
from memnet.training.metrics import read_metrics

TINY = (
    "model.options.width=0.0625",
    "schedule.name=constant",
    "schedule.warmup=0",
    "training.patience=0",
    "training.epochs=2",
    "training.batch_size=4",
    "training.log_every=1",
    "optimizer.lr=1e-4",
)
SMALL_RESMEM = (
    "model.architecture=resmem",
    "model.options.hidden=[16, 12]",
    "model.options.resnet_blocks=[1, 1, 1, 1]",
    "model.options.resnet_width=4",
    "model.options.resnet_classes=10",
)


def tiny(*overrides: str) -> Recipe:
    """The recipe `modern`, small."""
    return load_recipe("modern", [*TINY, *overrides])


def weights(run: Path) -> dict[str, Tensor]:
    return load_trained(run).state_dict()


def last_weights(run: Path) -> dict[str, Tensor]:
    return read_checkpoint(run / "checkpoints/last.ckpt")["state_dict"]


def losses(run: Path) -> np.ndarray:
    """Of each step, in order."""
    rows = read_metrics(run / "metrics.csv")
    return np.array([float(row["loss"]) for row in rows if not row["val_sd"]])


def validations(run: Path) -> list[dict[str, str]]:
    return [row for row in read_metrics(run / "metrics.csv") if row["val_sd"]]
