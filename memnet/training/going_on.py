"""Whether a run may be resumed as asked: same recipe, data and architecture, or an error that names what differs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from converter.errors import listed

from ..loading import compare_state
from .checkpoints import OURS
from .errors import TrainingError
from .outcome import weights_of
from .recipe import Recipe
from .recipe_file import differences, read_recipe

FREE = (
    "name",
    "source",
    "data.sources",
    "data.validation_sources",
    "data.cache",
    "data.maps",
    "data.workers",
    "logs.",
    "devices.",
)
"""Keys that do not change the weights, or whose change is found otherwise: other data by their hash, other devices by
the number of images in a step."""
HORIZON = (
    "training.epochs",
    "training.patience",
    "training.checkpoint_every",
    "training.log_every",
)
"""Free where the schedule does not depend on how long the run is."""


def check_recipe(place: Path, own: Recipe, asked: Recipe) -> None:
    """Raise TrainingError that names each value in which a recipe differs from the run's so that weights would."""
    fixed = own.schedule.name in {"constant", "step"}
    free = (*FREE, *(HORIZON if fixed else HORIZON[1:]))
    found = [
        f"{key} is {theirs!r}, in the run {ours!r}"
        for key, (ours, theirs) in differences(own, asked).items()
        if not key.startswith(free)
    ]
    if found:
        raise TrainingError(
            f"{place}: was trained by another recipe: {listed(found)}; begin a new run, or leave these as they are"
        )


def check_checkpoint(
    path: Path, checkpoint: Mapping[str, Any], identity: Mapping[str, Any], recipe: Recipe, model: nn.Module
) -> None:  # fmt: skip
    """Raise TrainingError where a checkpoint is of another recipe, other data, another step size or architecture."""
    held = checkpoint[OURS]
    check_recipe(path, read_recipe(tomllib.loads(held["recipe"])), recipe)
    if held["data_sha256"] != identity["data_sha256"]:
        raise TrainingError(
            f"{path}: was trained on other images or scores ({held['train']:,} for training, {held['validation']:,} "
            f"for validation, SHA-256 {held['data_sha256'][:12]}; here {identity['train']:,} and "
            f"{identity['validation']:,}, {identity['data_sha256'][:12]})"
        )
    if held["images_in_step"] != identity["images_in_step"]:
        raise TrainingError(
            f"{path}: a step took {held['images_in_step']} images over all devices, here {identity['images_in_step']}; "
            "change devices and training.batch_size together in a new run"
        )
    if mismatch := compare_state(model, weights_of(checkpoint)):
        raise TrainingError(f"{path}: {mismatch.error(recipe.model.architecture)}")
