"""`compare_models`: from entrants and test sets to a `Comparison`. All models are measured on the same images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from ..calibration import Calibration
from ..data import Item
from ..literature import MIXED, Figure, figures
from ..statistics import Consistency, Splits, compare, consistency, over_splits, summarize
from .cautions import warnings_of
from .entrants import Entrant, Settings
from .results import Cell, Comparison, Data, Model, OverSplits, PairedModels
from .scored import Scored, score_sets
from .test_sets import TestSet

_NAMED = 10
"""So many images that are left out are named in a note."""


def compare_models(
    entrants: Sequence[Entrant],
    tests: Sequence[TestSet],
    settings: Settings,
    *,
    calibrations: Mapping[str, Calibration] | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Score what is not scored yet, and measure; `calibrations`, by label, are applied to scores first.

    Raises:
        FileFormatError: a set on which no image has a score by every model, or what `scores` raises.
        OutputError: the cache cannot be used.
    """
    calibrations = calibrations or {}
    scored = list(score_sets(entrants, tests, settings, calibrations))
    data = [_data(one) for one in scored]
    cells = [
        _cell(entrant, one, held, calibrations.get(entrant.label), samples, seed)
        for one, held in zip(scored, data, strict=True)
        for entrant in entrants
        if entrant.label in one.scores
    ]
    return Comparison(
        notes=tuple(_notes(scored)),
        models=tuple(_model(entrant) for entrant in entrants),
        data=tuple(data),
        cells=tuple(cells),
        splits=tuple(_over_splits(cells)),
        paired=tuple(
            pair
            for one, held in zip(scored, data, strict=True)
            for pair in _pairs(one, held, samples, seed)
        ),
        published=_published(tests),
    )


def _data(one: Scored) -> Data:
    return Data(
        name=one.test.name,
        split=one.test.data.split or None,
        n=len(one.items),
        synthetic=one.test.data.synthetic,
        consistency=_consistency(one.items),
        truth=tuple(one.truth.tolist()),
        names=tuple(item.name for item in one.items),
        left_out=len(one.left_out),
    )


def _consistency(items: Sequence[Item]) -> Consistency | None:
    """Return the people's; None without counts of them, or where they all agree."""
    counts = [
        (item.hits, item.responses)
        for item in items
        if item.hits is not None and item.responses is not None and item.responses > 1
    ]
    if len(counts) < len(items):
        return None
    try:
        return consistency(*zip(*counts, strict=True))
    except ValueError:
        return None


def _model(entrant: Entrant) -> Model:
    return Model(
        name=entrant.label,
        trained_on=entrant.origin.trained_on,
        weights_sha256=entrant.origin.weights_sha256,
        untrained=entrant.origin.untrained,
    )


def _cell(
    entrant: Entrant,
    one: Scored,
    data: Data,
    calibration: Calibration | None,
    samples: int,
    seed: int,
) -> Cell:
    found, own = one.scores[entrant.label], entrant.of(one.test.data.split) or entrant
    summary = summarize(found, one.truth, samples=samples, seed=seed)
    return Cell(
        model=entrant.label,
        data=data.name,
        split=data.split,
        crops=own.crops,
        seen=own.origin.seen(one.test.data, one.items, one.test.name),
        warnings=warnings_of(own.origin, one.test.data, summary, calibration),
        summary=summary,
        scores=tuple(found.tolist()),
    )


def _over_splits(cells: Sequence[Cell]) -> Iterator[OverSplits]:
    groups: dict[tuple[str, str], list[float | None]] = {}
    for cell in cells:
        groups.setdefault((cell.model, cell.data), []).append(cell.summary.correlation.rho)
    for (model, data), rhos in groups.items():
        if len(rhos) > 1:
            splits: Splits = over_splits(rhos)
            yield OverSplits(model=model, data=data, splits=splits)


def _pairs(one: Scored, data: Data, samples: int, seed: int) -> Iterator[PairedModels]:
    for a, b in combinations(one.scores, 2):
        found = compare(one.scores[a], one.scores[b], one.truth, samples=samples, seed=seed)
        yield PairedModels(data=data.name, split=data.split, a=a, b=b, paired=found)


def _notes(scored: Sequence[Scored]) -> Iterator[str]:
    for one in scored:
        if one.left_out:
            named = [f"{name} ({why})" for name, why in one.left_out.items()]
            more = f", and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
            yield (
                f"{one.test}: {len(named):,} of {len(one.test.data):,} images are left out for every model: "
                f"{', '.join(named[:_NAMED])}{more}"
            )
        for label, reason in one.absent.items():
            yield f"{one.test}: {label} is not in the comparison: {reason}"
        if one.test.data.missing:
            yield f"{one.test}: {len(one.test.data.missing):,} images of its table are missing"


def _published(tests: Sequence[TestSet]) -> tuple[Figure, ...]:
    names = {test.data.name for test in tests if not test.data.synthetic}
    wanted = [*sorted(names), *([MIXED] if {"LaMem", "MemCat"} & names else [])]
    return tuple(figure for name in wanted for figure in figures(data=name))
