"""`train` and `resume`: from a recipe and data to a finished run's folder.

    recipe.toml   metrics.csv   checkpoints/{last,best}.ckpt   model/

Everything is decided before the first step and written to recipe.toml; a run that was interrupted goes on from
checkpoints/last.ckpt and ends with the weights of one that was not.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import FileFormatError, OutputError

from ..networks.trained import RECIPE
from ..runs.lock import alone
from .mixture import Mixture, mix
from .places import CHECKPOINTS
from .recipe import Recipe
from .recipe_file import read_recipe, to_toml

if TYPE_CHECKING:
    from .reporting import Watch

LOCK = ".lock"
NEEDS = "training needs Lightning: pip install 'convert-caffemodel[train]'"


def train(
    recipe: Recipe,
    data: Sequence[str],
    out: str | Path,
    *,
    watch: Watch | None = None,
    quiet: bool = False,
) -> Path:
    """Train by a recipe on data sets (`lamem:DIR` and the like; empty: the recipe's own) and return the folder `out`.

    `watch` is called with a `Validation` after each epoch; what it raises ends the run.

    Raises:
        TrainingError: too few images, a loss that is no number, a device that there is not.
        FileFormatError: data or weights that cannot be read.
        OutputError: the folder has something in it, or another process trains there.
        OSError: the disk does not take a checkpoint; the last one is kept.
    """
    if data:
        recipe = replace(recipe, data=replace(recipe.data, sources=tuple(data)))
    recipe, out = _of_launcher(recipe), Path(out)
    mixture = mix(recipe.data, recipe.training.seed)
    if is_first():
        _make_folder(out)
    with _alone(out):
        if is_first():
            (out / RECIPE).write_text(to_toml(recipe), encoding="utf-8")
        return _run(recipe, mixture, out, watch=watch, quiet=quiet)


def resume(
    out: str | Path,
    recipe: Recipe | None = None,
    *,
    watch: Watch | None = None,
    quiet: bool = False,
) -> Path:
    """Go on with an interrupted run and return its folder; a finished one only has its `model/` written again.

    A `recipe` that is given must be the run's, but for what does not change the weights (`going_on.FREE`).

    Raises:
        TrainingError: another recipe, architecture or other data than the run's; each difference is named.
    """
    from .going_on import check_recipe

    out = Path(out)
    own = read_run(out)
    if recipe is not None:
        if not recipe.data.sources:
            recipe = replace(recipe, data=replace(recipe.data, sources=own.data.sources))
        check_recipe(out, own, recipe)
    asked = recipe or own
    recipe = _of_launcher(asked)
    with _alone(out):
        mixture = mix(recipe.data, recipe.training.seed)
        changed = None if asked == own else to_toml(asked)
        return _run(recipe, mixture, out, watch=watch, quiet=quiet, changed=changed)


def read_run(out: Path) -> Recipe:
    """Return the recipe of a run's folder."""
    try:
        return read_recipe(tomllib.loads((out / RECIPE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FileFormatError(f"{out}: holds no run: there is no {RECIPE}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{out / RECIPE}: is no TOML ({error})") from error


def is_first() -> bool:
    """Whether this process is the one that writes, where several train together."""
    if rank := os.environ.get("RANK"):  # torchrun's, over all nodes
        return rank == "0"
    names = ("SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")  # of srun, and of Lightning's own launcher
    return all(os.environ.get(name) in {None, "", "0"} for name in names)


def _of_launcher(recipe: Recipe) -> Recipe:
    """Return the recipe with the devices that torchrun has started a process for, if it has."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return recipe
    world, local = (int(os.environ[name]) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    return replace(recipe, devices=replace(recipe.devices, devices=local, nodes=world // local))


def _alone(out: Path) -> AbstractContextManager[None]:
    """Refuse a second process that would train the same run; those of one launcher train it together."""
    return alone(out / LOCK, out) if is_first() else nullcontext()


def _make_folder(out: Path) -> None:
    if out.is_dir() and not _is_fresh(out):
        held = "a run; go on with --resume, or" if (out / RECIPE).is_file() else "files;"
        raise OutputError(f"{out}: holds {held} give another folder")
    try:
        (out / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made ({error.strerror})") from error


def _is_fresh(out: Path) -> bool:
    """Whether nothing is in a folder, or only what a run left that never began."""
    names = {path.name for path in out.iterdir()}
    begun = names and (RECIPE not in names or any((out / CHECKPOINTS).glob("*")))
    return not begun and names <= {RECIPE, LOCK, CHECKPOINTS}


def check_lightning() -> None:
    """Raise ModuleNotFoundError, with what to install, where there is no Lightning."""
    try:
        import lightning.pytorch  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(NEEDS, name=error.name) from None


def _run(
    recipe: Recipe, mixture: Mixture, out: Path, *, watch: Watch | None, quiet: bool,
    changed: str | None = None,
) -> Path:  # fmt: skip
    """Train. `changed` takes the place of recipe.toml as soon as it is known to fit the checkpoint."""
    check_lightning()  # before anything takes time
    from .fitting import fit

    def keep() -> None:
        if changed is not None and is_first():
            (out / RECIPE).write_text(changed, encoding="utf-8")

    fit(recipe, mixture, out, watch=watch, quiet=quiet, first=is_first(), fits=keep)
    return out
