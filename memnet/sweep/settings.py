"""`Sweep`: what all trials of a sweep have in common, as its folder says, so that a restart cannot mix two sweeps.

sweep.json   study.journal   locks/   trials/0003/   trials.csv   runs.png
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from converter.errors import FileFormatError, InvalidNetError, OutputError, listed
from converter.files.whole import whole

from ..runs.lock import FileLock
from ..training.mixture import Mixture, mix
from ..training.recipe import Recipe
from ..training.recipe_file import differences, load_recipe, overridden, read_recipe, to_table
from .space import Parameter, Space

RECORD = "sweep.json"
FORMAT, VERSION = "memnet-sweep", 1
FREE = ("logs.", "devices.", "data.workers", "data.cache", "data.maps", "data.sources")
"""Keys of the recipe that a restart may change: they change no score, and other data are found by their hash."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A folder of trials."""

    folder: Path
    recipe: Recipe
    """With the data, and what the space sets."""
    parameters: tuple[Parameter, ...]
    seed: int = 0
    prune: bool = False
    """Whether a trial that is below the median of the others at the same epoch is ended."""
    synthetic: bool = False
    """Whether images and scores are generated ones."""

    def trial_folder(self, number: int) -> Path:
        """Return where a trial's run is."""
        return self.folder / "trials" / f"{number:04}"

    def trial_lock(self, number: int) -> FileLock:
        """Return the lock that says that a trial is being trained."""
        return FileLock(self.folder / "locks" / f"{number:04}")

    def lock(self) -> FileLock:
        """Return the lock for choosing a trial and for writing the tables."""
        return FileLock(self.folder / "locks" / "sweep")


def begin(
    space: Space,
    data: Sequence[str],
    folder: str | Path,
    *,
    overrides: Sequence[str] = (),
    seed: int = 0,
    prune: bool = False,
) -> Sweep:
    """Return the sweep of a space on data sets, new or the one that the folder has already.

    Raises:
        InvalidNetError: a key that the recipe does not have, no images to validate on or test images among them, or
            several devices for one trial.
        OutputError: the folder has another sweep; each difference is named.
    """
    recipe = load_recipe(space.recipe, [*space.overrides, *overrides])
    if data:
        recipe = replace(recipe, data=replace(recipe.data, sources=tuple(data)))
    sweep = Sweep(
        folder=Path(folder),
        recipe=recipe,
        parameters=tuple(_checked(each, recipe) for each in space.parameters),
        seed=seed,
        prune=prune,
    )
    refuse_test_images(recipe)
    if recipe.devices.devices * recipe.devices.nodes > 1:
        raise InvalidNetError(
            "devices: a sweep trains each trial on one device; start one command for each, with CUDA_VISIBLE_DEVICES"
        )
    mixture = mix(recipe.data, recipe.training.seed)
    if not mixture.validation:
        raise InvalidNetError("a sweep is judged by validation images, and the data hold none out")
    sweep = replace(sweep, synthetic=mixture.synthetic)
    _record(sweep, mixture)
    return sweep


def chosen(recipe: Recipe, values: dict[str, Any]) -> Recipe:
    """Return the recipe of a trial."""
    return overridden(recipe, [f"{key}={json.dumps(value)}" for key, value in values.items()])


def _checked(parameter: Parameter, recipe: Recipe) -> Parameter:
    """Return the parameter, its range of whole numbers only where the recipe wants these; try all its limits."""
    for value in parameter.choices or (parameter.low, parameter.high):
        found = chosen(recipe, {parameter.key: value})
    place: Any = to_table(found)
    for name in parameter.key.split("."):
        place = place[name]
    return replace(parameter, whole=parameter.whole and isinstance(place, int))


def refuse_test_images(recipe: Recipe) -> None:
    """Raise InvalidNetError where a sweep would choose by images that are for testing."""
    data = recipe.data
    for spec in (*data.sources, *data.validation_sources):
        if "test" in re.split(r"[^a-z]+", Path(spec.partition(":")[2]).stem.lower()):
            raise InvalidNetError(
                f"{spec}: is a test split by its name, which a sweep must not see; give training images, or rename it"
            )
    of_lamem = any(each.startswith("lamem:") for each in (*data.sources, *data.validation_sources))
    if of_lamem and data.validation_sources:
        raise InvalidNetError(
            "data.validation_sources takes all of LaMem, its test images among them; a sweep must not see these: "
            "leave it empty, for LaMem's own validation images"
        )
    if of_lamem and data.validation == "random":
        raise InvalidNetError(
            "data.validation is 'random', which draws on all of LaMem, its test images among them; a sweep must not "
            "see these: set data.validation=split"
        )


def read_sweep(folder: str | Path) -> Sweep:
    """Return the sweep in a folder. Raises FileFormatError where there is none."""
    path = Path(folder) / RECORD
    try:
        return _from_record(Path(folder), json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise FileFormatError(f"{folder}: holds no sweep: there is no {RECORD}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(f"{path}: cannot be read ({error})") from error


def _from_record(folder: Path, record: dict[str, Any]) -> Sweep:
    if (record["format"], record["version"]) != (FORMAT, VERSION):
        raise ValueError(f"it is of format {record['format']!r}, version {record['version']!r}")
    parameters = [
        Parameter(**(each | {"choices": tuple(each["choices"])})) for each in record["parameters"]
    ]
    return Sweep(
        folder=folder,
        recipe=read_recipe(record["recipe"]),
        parameters=tuple(parameters),
        seed=record["seed"],
        prune=record["prune"],
        synthetic=record.get("synthetic", False),
    )


def _record(sweep: Sweep, mixture: Mixture) -> None:
    """Write sweep.json, or compare it with the one that is there."""
    path = sweep.folder / RECORD
    with sweep.lock():
        if path.is_file():
            _compare(read_sweep(sweep.folder), sweep)
            found = json.loads(path.read_text(encoding="utf-8"))["data_sha256"]
            if found != mixture.fingerprint:
                raise OutputError(f"{path}: is of other images or scores; give another folder")
        record = {
            "format": FORMAT,
            "version": VERSION,
            "recipe": to_table(sweep.recipe),
            "parameters": [vars(each) for each in sweep.parameters],
            "seed": sweep.seed,
            "prune": sweep.prune,
            "synthetic": sweep.synthetic,
            "data_sha256": mixture.fingerprint,
        }
        with whole(path) as part:
            part.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _compare(found: Sweep, asked: Sweep) -> None:
    recipes = differences(found.recipe, asked.recipe)
    problems = [
        f"{key} is {ours!r} there, {theirs!r} asked for"
        for key, (ours, theirs) in recipes.items()
        if not key.startswith(FREE)
    ]
    for name in ("parameters", "seed", "prune"):
        ours, theirs = getattr(found, name), getattr(asked, name)
        if ours != theirs:
            shown = [
                "; ".join(map(str, each)) if name == "parameters" else each
                for each in (ours, theirs)
            ]
            problems.append(f"{name}: {shown[0]} there, {shown[1]} asked for")
    if problems:
        raise OutputError(
            f"{found.folder}: holds another sweep: {listed(problems)}; give another folder"
        )
