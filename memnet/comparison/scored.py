"""Every model's scores of every set, on the images that all of them have scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from converter.errors import FileFormatError

from ..calibration import Calibration, Reals
from ..data import Item
from .entrants import Entrant, Settings, scores
from .test_sets import TestSet


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A test set less what some model has no score of, and each entrant's scores of the rest."""

    test: TestSet
    items: tuple[Item, ...]
    truth: Reals
    scores: Mapping[str, Reals]
    """By label; without those that have no score of any of the images."""
    left_out: Mapping[str, str]
    """Image -> why it has no score."""
    absent: Mapping[str, str]
    """Label of a model that has no score of any of the images -> why, of the first."""


def score_sets(
    entrants: Sequence[Entrant],
    tests: Sequence[TestSet],
    settings: Settings,
    calibrations: Mapping[str, Calibration],
) -> Iterator[Scored]:
    """Run each entrant once over the images of all sets, for splits share many; yield one result for each set.

    Raises:
        FileFormatError: a model without any score, or a set on which no image has a score by every model.
        OutputError: the cache cannot be used.
    """
    lists = {entrant.label: _of_all(entrant, tests, settings) for entrant in entrants}
    for label, held in lists.items():
        if all(isinstance(value, str) for column in held for value in column):
            raise FileFormatError(f"{label}: no image of any data set has a score; {held[0][0]}")
    for at, test in enumerate(tests):
        yield _on_one(test, {label: held[at] for label, held in lists.items()}, calibrations)


def _on_one(
    test: TestSet, lists: Mapping[str, list[float | str]], calibrations: Mapping[str, Calibration]
) -> Scored:
    """Keep the images that have a score by every model that has any of them."""
    columns = {
        label: held
        for label, held in lists.items()
        if not all(isinstance(value, str) for value in held)
    }
    rows = list(zip(*columns.values(), strict=True))
    why = ["; ".join(dict.fromkeys(one for one in row if isinstance(one, str))) for row in rows]
    kept = [at for at, reason in enumerate(why) if not reason]
    if not kept or not columns:
        told = next(iter(lists.values()))[0] if not columns else why[0]
        raise FileFormatError(
            f"{test}: no image has a score by every model; {test.data.rows[0].name}: {told}"
        )
    found = {
        label: np.array([column[at] for at in kept], np.float64)
        for label, column in columns.items()
    }
    return Scored(
        test=test,
        items=tuple(test.data.rows[at] for at in kept),
        truth=test.data.scores[kept],
        scores={
            label: calibrations[label](values) if label in calibrations else values
            for label, values in found.items()
        },
        left_out={test.data.rows[at].name: reason for at, reason in enumerate(why) if reason},
        absent={label: str(held[0]) for label, held in lists.items() if label not in columns},
    )


def _of_all(
    entrant: Entrant, tests: Sequence[TestSet], settings: Settings
) -> list[list[float | str]]:
    if entrant.table is not None or entrant.by_split:
        return [_of_one(entrant, test, settings) for test in tests]
    rows = [item for test in tests for item in test.data]
    found = iter(scores(entrant, rows, settings))
    return [[next(found) for _ in test.data] for test in tests]


def _of_one(entrant: Entrant, test: TestSet, settings: Settings) -> list[float | str]:
    own = entrant.of(test.data.split)
    if own is None:
        return [f"{entrant.label} has no model for it"] * len(test.data)
    return scores(own, test.data.rows, settings)
