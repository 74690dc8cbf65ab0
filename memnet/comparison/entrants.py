"""What is compared: a model that scores pictures, or the scores that somebody wrote down."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from converter.errors import FileFormatError, OutputError, context

from ..choice import Choice
from ..crops import Crops
from ..data import Item
from ..networks.trained import trained_folder
from ..runs.file_run import Manner, write_file
from ..runs.outputs import read_csv
from ..score_file import scores_of
from .origins import Origin, declared, origin_of
from .specs import CSV, distinct, for_labels, split_columns, split_label

SPLIT = "{split}"
NAMED = {"memnet": "MemNet", "resmem": "ResMem"}
CROPS: Mapping[str, str] = {"center": "one crop", "ten": "ten crops"}


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A model under its label; one of `choice`, `table` and `by_split` is given."""

    label: str
    """Unique; says, too, whether the model is untrained, and where it takes part twice, over which crops."""
    name: str
    """What a user calls it."""
    origin: Origin
    choice: Choice | None = None
    table: Path | None = None
    column: str | None = None
    by_split: Mapping[str, Entrant] = field(default_factory=lambda: MappingProxyType({}))
    """Number of a split of LaMem -> the model that was trained on it."""

    def of(self, split: str) -> Entrant | None:
        """Return the entrant that is tested on a split; None where there is none for it."""
        return self.by_split.get(split.rpartition("_")[2]) if self.by_split else self

    @property
    def crops(self) -> Crops | None:
        """What its scores are averages over; None where a file does not say."""
        return None if self.choice is None else self.choice.crops


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How models are run; `cache` keeps their scores, so that a run goes on where it was interrupted."""

    manner: Manner
    cache: Path | None = None


def make_entrants(
    specs: Sequence[str], base: Choice, crops: Sequence[Crops], seen: Sequence[str] = ()
) -> list[Entrant]:
    """Return the entrants of `[LABEL=]MODEL`, once for each of `crops`; `base` has device, mean and batch size.

    MODEL is `resmem`, a path that `memnet predict --model` takes, one with `{split}` for five of them, each tested on
    its own split of LaMem alone, or `csv:FILE#COLUMN`. `seen` are options
    `[LABEL=]WHAT` for models of whose training nothing is known.

    Raises:
        FileFormatError: no such file, two entrants of one label, or a `seen` that belongs to none.
    """
    named = [_named(spec) for spec in specs]
    distinct((label for label, _ in named), "models")
    stated = for_labels(seen, [label for label, _ in named], "--seen")
    found: list[Entrant] = []
    for label, what in named:
        told = declared(stated[label]) if label in stated else None
        if what.startswith(CSV):
            found.append(_recorded(label, what, told or Origin()))
        elif SPLIT in what:
            found += _one_for_each_split(label, what, base, crops)
        else:
            found += _computed(label, what, base, crops, told)
    distinct((one.label for one in found), "models")
    return found


def _named(spec: str) -> tuple[str, str]:
    label, what = split_label(spec)
    if label is None:
        path, columns = split_columns(what.removeprefix(CSV), "score", ("score",))
        label = NAMED.get(what) or columns.get("score") or Path(path).stem or path
    return label, what


def _recorded(label: str, what: str, origin: Origin) -> Entrant:
    path, columns = split_columns(what.removeprefix(CSV), "score", ("score",))
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: there is no such file of scores")
    return Entrant(
        label=label, name=label, origin=origin, table=Path(path), column=columns.get("score")
    )


def _computed(
    label: str, what: str, base: Choice, crops: Sequence[Crops], told: Origin | None
) -> Iterator[Entrant]:
    choice = replace(base, model=what)
    if not choice.path.exists():
        raise FileFormatError(
            f"{what}: there is no such model; give resmem, a file of weights, a converted folder, a training run, "
            "or csv:FILE"
        )
    if trained_folder(choice.path) is not None or choice.is_resmem:
        choice = replace(choice, mean=None)  # these feed themselves
    found = origin_of(choice)
    if told is not None:
        found = replace(told, weights_sha256=found.weights_sha256, untrained=found.untrained)
    mark = " (UNTRAINED)" if found.untrained and "UNTRAINED" not in label else ""
    for each in crops:
        averaged = f", {CROPS[each]}" if len(crops) > 1 else ""
        yield Entrant(
            label=f"{label}{mark}{averaged}",
            name=label,
            origin=found,
            choice=replace(choice, crops=each),
        )


def _one_for_each_split(
    label: str, what: str, base: Choice, crops: Sequence[Crops]
) -> Iterator[Entrant]:
    paths = {at: what.replace(SPLIT, at) for at in "12345"}
    there = {at: path for at, path in paths.items() if Path(path).exists()}
    if not there:
        raise FileFormatError(f"{what}: there is no model for any split, such as {paths['1']}")
    found = {at: list(_computed(label, path, base, crops, None)) for at, path in there.items()}
    for which, each in enumerate(next(iter(found.values()))):
        yield Entrant(
            label=each.label,
            name=label,
            origin=Origin(trained_on="LaMem, each split's own", untrained=each.origin.untrained),
            by_split={at: one[which] for at, one in found.items()},
        )


def scores(entrant: Entrant, items: Sequence[Item], settings: Settings) -> list[float | str]:
    """Return the score of each item, or why it has none, in order; equal paths are scored once.

    Raises:
        FileFormatError: a table that cannot be read, or a model that gives NaN.
        OutputError: the cache cannot be written, or was begun otherwise.
    """
    held = _recorded_scores(entrant, items) if entrant.table else _run(entrant, items, settings)
    odd = [
        item.name
        for item, value in zip(items, held, strict=True)
        if not isinstance(value, str) and not np.isfinite(value)
    ]
    if odd:
        raise FileFormatError(
            f"{entrant.label}: {len(odd):,} scores are NaN or infinite, the first of {odd[0]}; "
            "no statistic can be made of them"
        )
    return held


def _recorded_scores(entrant: Entrant, items: Sequence[Item]) -> list[float | str]:
    names = [item.name for item in items]
    with context(entrant.label):
        found = scores_of(str(entrant.table), names, column=entrant.column, any_of=False)
    return [found.get(name, f"has no score by {entrant.label}") for name in names]


def _run(entrant: Entrant, items: Sequence[Item], settings: Settings) -> list[float | str]:
    if entrant.choice is None:
        raise ValueError(f"{entrant.label} has neither a table nor a model")
    names = [str(item.path) for item in items]
    with _folder(settings.cache) as folder:
        out = folder / _file_name(entrant)
        write_file(entrant.choice, list(dict.fromkeys(names)), out, settings.manner)
        found = dict(read_csv(out))
    return [
        entry.score if entry.score is not None else str(entry.error)
        for entry in (found[name] for name in names)
    ]


def _file_name(entrant: Entrant) -> str:
    """Return a name that other weights, crops or labels do not have."""
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", entrant.label).strip("-")
    return f"{label}-{(entrant.origin.weights_sha256 or '')[:12]}-{entrant.crops}.csv"


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is None:
        with tempfile.TemporaryDirectory(prefix="memnet-scores-") as folder:
            yield Path(folder)
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{cache}: cannot be made ({error.strerror})") from error
    yield cache
