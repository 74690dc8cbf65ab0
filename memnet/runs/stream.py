"""Pictures in, rows out, in order; a picture that cannot be read is a row with its error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import numpy as np

from converter.errors import CaffeError

from ..crops import Floats
from ..images import read_image
from ..network import Network
from .ordered import in_order
from .torch_threads import one_thread_each

Item: TypeAlias = "tuple[str, Path | bytes]"
"""An id, and the file or the bytes of a file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """What became of one picture: a score, or an error."""

    id: str
    score: np.float32 | None = None
    error: str | None = None
    features: Floats | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prepared:
    group: int
    id: str
    fed: Floats | None = None
    error: str | None = None


def score_groups(
    network: Network, groups: Iterable[Iterable[Item]], *, workers: int = 0
) -> Iterator[list[Row]]:
    """Yield the rows of each group, which goes through the model at once; empty groups are left out.

    On the CPU `workers` threads each take whole groups, from file to score; elsewhere, and where features are wanted,
    they decode and crop up to two batches ahead, across groups. The groups decide which pictures share a batch, and
    with it the last bit of a score: the same groups give the same bits.
    """
    if workers > 1 and network.takes_threads:
        yield from _side_by_side(network, groups, workers)
        return
    numbered = ((at, item) for at, group in enumerate(groups) for item in group)
    ahead = 2 * network.pictures_at_once
    prepared = in_order(partial(_prepare, network), numbered, workers=workers, ahead=ahead)
    for _, group in groupby(prepared, lambda one: one.group):
        yield _rows(network, list(group))


def _side_by_side(
    network: Network, groups: Iterable[Iterable[Item]], workers: int
) -> Iterator[list[Row]]:
    with one_thread_each():
        for rows in in_order(partial(_scored, network), groups, workers=workers, ahead=2 * workers):
            if rows:
                yield rows


def _scored(network: Network, group: Iterable[Item]) -> list[Row]:
    return _rows(network, [_prepare(network, (0, item)) for item in group])


def _prepare(network: Network, numbered: tuple[int, Item]) -> _Prepared:
    group, (name, source) = numbered
    try:
        return _Prepared(group=group, id=name, fed=network.fed(read_image(source)))
    except CaffeError as error:
        return _Prepared(group=group, id=name, error=error.message)


def _rows(network: Network, group: list[_Prepared]) -> list[Row]:
    readable = [one.fed for one in group if one.fed is not None]
    if not readable:
        return [Row(id=one.id, error=one.error) for one in group]
    outputs = network.run(readable)
    places = iter(range(len(readable)))
    rows = []
    for one in group:
        if one.fed is None:
            rows.append(Row(id=one.id, error=one.error))
            continue
        at = next(places)
        features = None if outputs.features is None else outputs.features[at]
        rows.append(Row(id=one.id, score=outputs.scores[at], features=features))
    return rows
