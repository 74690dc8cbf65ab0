"""One run from its start, or from its last checkpoint, to `model/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from converter.errors import CaffeError, FileFormatError, listed

from ..networks.architectures import build
from .before import record_of
from .checkpoints import OURS, mend_best, read_checkpoint
from .errors import TrainingError
from .going_on import check_checkpoint
from .loaders import images_in_step, steps_in_epoch
from .mixture import Mixture
from .outcome import write_model
from .pictures import unreadable
from .places import BEST, CHECKPOINTS, LAST
from .recipe import Recipe
from .recipe_file import to_toml
from .reporting import Watch
from .start import RESNET, Taken, prepare
from .trainer import run_trainer

Values = dict[str, Any]


def fit(
    recipe: Recipe, mixture: Mixture, out: Path, *, watch: Watch | None, quiet: bool, first: bool,
    fits: Callable[[], None],
) -> None:  # fmt: skip
    """Train in the folder `out`, from its last checkpoint where there is one. `first`: this process writes.

    `fits` is called when the recipe and the data are known to be the checkpoint's.
    """
    mixture = _readable(mixture, recipe, say=first and not quiet)
    steps = steps_in_epoch(mixture, recipe) * recipe.training.epochs
    torch.manual_seed(recipe.training.seed)
    model = build(recipe.model.architecture, recipe.model.options)
    identity = _identity(recipe, mixture)
    checkpoint = _start(model, recipe, mixture, identity, out, say=first and not quiet)
    fits()
    if first:
        mend_best(out / CHECKPOINTS, checkpoint)
    if checkpoint is None or not _ended(checkpoint, recipe):
        with _told(out):
            run_trainer(
                model, recipe, mixture, out,
                steps=steps, identity=identity, checkpoint=checkpoint,
                watch=watch, quiet=quiet, first=first,
            )  # fmt: skip
    if first:
        best = read_checkpoint(out / CHECKPOINTS / BEST)
        write_model(out, best, recipe=recipe, mixture=mixture, rule=vars(model)["preprocess"])


def _readable(mixture: Mixture, recipe: Recipe, *, say: bool) -> Mixture:
    """Refuse images that cannot be read, or leave them out.

    Only `skip` decodes all of each, for what is left out must be known before the first step; else the header is read,
    and damage further on stops the run when it is met (or when the images are read into memory).
    """
    from ..cli import note

    skip = recipe.data.on_error == "skip"
    lost = unreadable((*mixture.train, *mixture.validation), decode=skip)
    if lost and not skip:
        raise FileFormatError(
            f"{len(lost):,} images cannot be read; mend them, or leave them out with data.on_error=skip: "
            f"{listed(list(lost.values()))}"
        )
    if say and (lost or mixture.missing):
        note(
            f"left out: {len(lost):,} images that cannot be read, {len(mixture.missing):,} missing"
        )
        for said in (*lost.values(), *(f"{path}: is missing" for path in mixture.missing)):
            note(said)
    return mixture.without(frozenset(lost))


def _identity(recipe: Recipe, mixture: Mixture) -> Values:
    return {
        "recipe": to_toml(recipe),
        "data_sha256": mixture.fingerprint,
        "train": len(mixture.train),
        "validation": len(mixture.validation),
        "images_in_step": images_in_step(recipe),
        "seen": mixture.seen,
    }


def _start(
    model: nn.Module, recipe: Recipe, mixture: Mixture, identity: Values, out: Path, *, say: bool
) -> Values | None:
    """Return the last checkpoint, after checking it; where there is none, fill the model as the recipe begins."""
    last = out / CHECKPOINTS / LAST
    if last.is_file():
        checkpoint = read_checkpoint(last)
        check_checkpoint(last, checkpoint, identity, recipe, model)
        identity["start"] = checkpoint[OURS]["start"]
        return checkpoint
    mean = sum(each.score for each in mixture.train) / len(mixture.train)
    taken = prepare(model, recipe.start, mean)
    identity["start"] = asdict(taken)
    if recipe.start.weights:
        identity["start"] |= record_of(recipe.start.weights)
    if say:
        _say_start(model, taken)
    return None


def _say_start(model: nn.Module, taken: Taken) -> None:
    from ..cli import note

    if taken.weights:
        note(f"start: {taken}")
    frozen = {name for name, each in model.named_parameters() if not each.requires_grad}
    if frozen and not frozen & set(taken.taken):
        inside = RESNET.removesuffix(".")
        note(
            f"start: {inside} is frozen and has random weights; name trained ones with start.weights"
        )


def _ended(checkpoint: Values, recipe: Recipe) -> bool:
    """Whether nothing is left to do, as in a finished run that is resumed."""
    epoch = checkpoint[OURS]["position"][0]
    waited = epoch - checkpoint[OURS]["best_epoch"]
    patience = recipe.training.patience
    return epoch >= recipe.training.epochs or bool(patience and waited >= patience)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """Say, in what stops a run, which checkpoint is kept."""
    try:
        yield
    except (CaffeError, OSError) as error:
        said = str(error)
        if isinstance(error, OSError):
            said = f"{error.filename or out}: {error.strerror}; when that is mended, go on with --resume {out}"
        raise TrainingError(f"{said}; {_kept(out / CHECKPOINTS)}") from error


def _kept(folder: Path) -> str:
    """Name the checkpoints that there are."""
    if not (folder / LAST).is_file():
        return "no checkpoint had been written"
    held = read_checkpoint(folder / LAST)
    best = f", {BEST} of epoch {held[OURS]['best_epoch']}" if (folder / BEST).is_file() else ""
    return f"kept: {folder / LAST} of step {held['global_step']:,}{best}"
