"""From the options of `memnet evaluate` and `memnet compare` to a comparison, and to the files that they name."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from converter.errors import FileFormatError, OutputError

from ..calibration import Calibration, load_calibration
from ..choice import Choice
from ..cli import note
from ..crops import Crops
from ..runs.file_run import Manner
from ..runs.ordered import usable_cpus
from .compared import compare_models
from .entrants import Entrant, Settings, make_entrants
from .figure import check_figure, write_figure
from .files import write_csv, write_json
from .results import Comparison
from .specs import CSV, for_labels, split_label
from .test_sets import load_sets

MANY = 200
"""Images from which on building and checking the faster twin of a model pays."""
LONG = 2000
"""Images from which on it is a pity to lose scores."""


def compared(options: argparse.Namespace, *, models: int = 1) -> Comparison:
    """Return what the options ask for; everything that can be refused is refused before anything is scored.

    Raises:
        FileFormatError: fewer than `models`, or a model or data set that cannot be read.
        OutputError: an output that cannot be written.
    """
    _check_outputs(options)
    entrants = _entrants(options)
    if len(entrants) < models:
        raise FileFormatError(
            f"{len(entrants)} model is nothing to compare; give --model {models} times, or memnet evaluate"
        )
    calibrations = _calibrations(options, entrants)
    recorded = all(split_label(spec)[1].startswith(CSV) for spec in options.model)
    tests = load_sets(
        options.data,
        [part.strip() for part in options.split.split(",") if part.strip()],
        allow_missing=options.allow_missing,
        check_images=not recorded,
    )
    images = len({item.path for test in tests for item in test.data})
    if not recorded:
        _say_lost(options, images)
    with _saying_how_to_go_on(options):
        return compare_models(
            _fast(entrants) if images >= MANY and not options.plain else entrants,
            tests,
            _settings(options),
            calibrations=calibrations,
            samples=options.samples,
            seed=options.seed,
        )


@contextmanager
def _saying_how_to_go_on(options: argparse.Namespace) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if options.scores_cache:
            note(f"{options.scores_cache}: keeps the scores so far; the same command again goes on")
        raise


def _check_outputs(options: argparse.Namespace) -> None:
    for path in filter(None, (options.json, options.csv, options.figure)):
        if not Path(path).parent.is_dir():
            raise OutputError(f"{path}: the folder {Path(path).parent} does not exist")
    if options.figure:
        check_figure(options.figure)


def _entrants(options: argparse.Namespace) -> list[Entrant]:
    base: Choice = Choice(
        mean=options.mean, device=options.device, batch_size=max(1, options.batch_size)
    )
    crops: tuple[Crops, ...] = ("center", "ten") if options.crops == "both" else (options.crops,)
    return make_entrants(options.model, base, crops, options.seen)


def _fast(entrants: Iterable[Entrant]) -> list[Entrant]:
    return [
        replace(
            entrant,
            choice=None if entrant.choice is None else replace(entrant.choice, fast=True),
            by_split=dict(zip(entrant.by_split, _fast(entrant.by_split.values()), strict=True)),
        )
        for entrant in entrants
    ]


def _settings(options: argparse.Namespace) -> Settings:
    workers = usable_cpus() if options.workers is None else options.workers
    return Settings(
        manner=Manner(workers=workers, quiet=options.quiet),
        cache=Path(options.scores_cache) if options.scores_cache else None,
    )


def _calibrations(options: argparse.Namespace, entrants: list[Entrant]) -> dict[str, Calibration]:
    names = [entrant.name for entrant in entrants]
    sources = for_labels(options.calibration, names, "--calibration")
    found = {name: load_calibration(source) for name, source in sources.items()}
    return {entrant.label: found[entrant.name] for entrant in entrants if entrant.name in found}


def _say_lost(options: argparse.Namespace, images: int) -> None:
    if images >= LONG and not options.scores_cache:
        note(
            f"{images:,} images to score; with --scores-cache DIR an interrupted run would go on where it stopped"
        )


def write_files(options: argparse.Namespace, found: Comparison) -> None:
    """Write the files that the options name. Raises OutputError."""
    if options.json:
        write_json(found, options.json)
    if options.csv:
        write_csv(found, options.csv)
    if options.figure:
        write_figure(found, options.figure)
