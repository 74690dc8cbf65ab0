"""From columns of scores to a `ScoreTable`: what each is by itself, against the truth, and port against original."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .score_file import Doubles
from .source import Pictures, Sources
from .table import Column, Pair, ScoreTable, Thumb

if TYPE_CHECKING:
    from memnet.literature import Figure
    from memnet.statistics import Consistency

LEAST = 4
"""Images below which a correlation and its intervals say nothing."""
THUMBS = 12
PIXELS = 160
"""Of a thumbnail's longer side."""


def make_table(pictures: Pictures, columns: Sequence[Column], sources: Sources) -> ScoreTable:
    """Measure the columns, which have a score for each of the pictures."""
    from memnet.statistics import describe, summarize

    truth = pictures.truth if pictures.truth is not None and len(pictures) >= LEAST else None
    return ScoreTable(
        data=pictures.label,
        synthetic=pictures.synthetic,
        names=pictures.names,
        truth=pictures.truth,
        columns=tuple(columns),
        summaries={}
        if truth is None
        else {
            column.label: summarize(
                column.scores, truth, samples=sources.samples, seed=sources.seed
            )
            for column in columns
        },
        distributions={column.label: describe(column.scores) for column in columns},
        pairs=tuple(
            _pair(port, original, truth, sources)
            for port in columns
            for original in columns
            if port.source == "port"
            and original.source == "original"
            and port.crops == original.crops
        ),
        consistency=_consistency(pictures, sources),
        published=published(pictures),
        worst=_worst(pictures, columns),
    )


def _pair(port: Column, original: Column, truth: Sequence[float] | None, sources: Sources) -> Pair:
    from memnet.statistics import compare

    ours, theirs = np.array(port.scores), np.array(original.scores)
    gaps = np.abs(ours - theirs)
    return Pair(
        port=port.label,
        original=original.label,
        largest=float(gaps.max()),
        mean=float(gaps.mean()),
        spread=float(theirs.std()),
        paired=None
        if truth is None
        else compare(ours, theirs, truth, samples=sources.samples, seed=sources.seed),
    )


def _consistency(pictures: Pictures, sources: Sources) -> Consistency | None:
    """Return how consistent people are, where every image has its hits and responses."""
    from memnet.statistics import consistency

    if pictures.counts is None or len(pictures) < LEAST:
        return None
    hits, responses = zip(*pictures.counts, strict=True)
    try:
        return consistency(hits, responses, seed=sources.seed)
    except ValueError:  # halves that are all alike have no consistency
        return None


def published(pictures: Pictures) -> tuple[Figure, ...]:
    """Return what others have stated of this data set, alone or mixed with another; of generated data nothing."""
    from memnet.literature import figures

    if not pictures.kind or pictures.synthetic:
        return ()
    name = pictures.kind.partition(",")[0]
    return tuple(figure for figure in figures() if name in figure.data)


def _worst(pictures: Pictures, columns: Sequence[Column]) -> tuple[Thumb, ...]:
    """Return images on which port and original are furthest apart, or where there is no original port and truth."""
    port = next((column for column in columns if column.source == "port"), None)
    original = next((column for column in columns if column.source == "original"), None)
    other = original.scores if original is not None else pictures.truth
    if port is None or other is None:
        return ()
    gaps: Doubles = np.abs(np.array(port.scores) - np.array(other))
    found: list[Thumb] = []
    for at in map(int, np.argsort(-gaps, kind="stable")[: 10 * THUMBS]):
        if len(found) == THUMBS:
            break
        if (picture := _thumbnail(pictures, at)) is not None:
            found.append(
                Thumb(
                    name=pictures.names[at],
                    picture=picture,
                    truth=pictures.truth[at] if pictures.truth is not None else None,
                    original=original.scores[at] if original is not None else None,
                    port=port.scores[at],
                )
            )
    return tuple(found)


def _thumbnail(pictures: Pictures, at: int) -> str | None:
    """Return a data URI; None where there is no image to read."""
    from base64 import b64encode
    from io import BytesIO

    from converter.errors import CaffeError
    from memnet.images import read_image

    path = pictures.paths[at]
    if path is None or not path.is_file():
        return None
    try:
        pixels = read_image(path)
    except CaffeError:
        return None
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((PIXELS, PIXELS))
    file = BytesIO()
    image.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"
