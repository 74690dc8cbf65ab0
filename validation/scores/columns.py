"""Columns of scores while it is not known yet which images have a score in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from memnet.crops import Crops

from .score_file import CENTRE, Doubles, ScoreFile
from .table import Column, Source

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """One column over all pictures of a table."""

    by: str
    """`port`, a back end, a file's name, or the label that a file was given with."""
    source: Source
    crops: Crops | None
    parts: Doubles
    """(N, crops), or (N, 1) where only a mean is known; NaN where there is no score."""
    rounding: float = 0.0
    order: tuple[int, ...] | None = None
    """The pictures in the order of the file that this is from; None where it was computed here."""
    ten: Doubles | None = None
    """(N, 10), where the centre was taken from ten crops of a file, whose order is not known for certain."""

    @property
    def label(self) -> str:
        """Unique among the columns of a table."""
        return f"{self.by}, {self.crops}" if self.crops else self.by

    @property
    def scores(self) -> Doubles:
        """(N,): the mean over crops as `memnet predict` takes it, in float64 and rounded to float32."""
        mean: Doubles = self.parts.mean(1)
        if self.parts.shape[1] == 1:
            return mean
        rounded: Doubles = mean.astype(np.float32).astype(np.float64)
        return rounded

    @property
    def known(self) -> Mask:
        """(N,): whether the picture has a score."""
        known: Mask = np.logical_not(np.isnan(self.parts).any(axis=1))
        return known

    def column(self, places: Sequence[int]) -> Column:
        """Return the scores at these places."""
        return Column(
            label=self.label,
            source=self.source,
            crops=self.crops,
            scores=tuple(map(float, self.scores[list(places)])),
        )


def held_of_run(
    by: str, source: Source, scores: Mapping[int, Doubles], count: int, wanted: Sequence[Crops]
) -> Iterator[Held]:
    """Yield the columns of scores that were computed here, (crops,) by place; one that is not finite is none."""
    if not scores:
        return
    parts = np.full((count, max(len(each) for each in scores.values())), np.nan)
    for at, each in scores.items():
        parts[at, : len(each)] = np.where(np.isfinite(each), each, np.nan)
    for crops in wanted:
        if crops == "ten" and parts.shape[1] == 10:
            yield Held(by=by, source=source, crops=crops, parts=parts)
        if crops == "center":
            centre = CENTRE if parts.shape[1] == 10 else 0
            yield Held(by=by, source=source, crops=crops, parts=parts[:, [centre]])


def held_of_file(
    by: str,
    source: Source,
    file: ScoreFile,
    names: Sequence[str],
    wanted: Sequence[Crops],
) -> Iterator[Held]:
    """Yield the columns of a file for these pictures; a plain score is of the crops that are asked for, if of one."""
    rows = file.rows(names)
    places = [at for at, row in enumerate(rows) if row is not None]
    taken = [row for row in rows if row is not None]
    order = tuple(at for _, at in sorted(zip(taken, places, strict=True)))
    plain_is = wanted[0] if len(wanted) == 1 else None
    for crops in (*wanted, None):
        found = (
            file.scores(crops, plain_is=plain_is)
            if crops is not None
            else None
            if plain_is is not None or file.plain is None
            else file.plain[:, None]
        )
        if found is None:
            continue
        unsure = crops == "center" and file.center is None and file.ten is not None
        yield Held(
            by=by,
            source=source,
            crops=crops,
            parts=_spread(found[taken], places, len(names)),
            rounding=file.rounding,
            order=order,
            ten=_spread(file.ten[taken], places, len(names))
            if unsure and file.ten is not None
            else None,
        )


def _spread(values: Doubles, places: Sequence[int], count: int) -> Doubles:
    spread = np.full((count, values.shape[1]), np.nan)
    spread[places] = values
    return spread
