"""`ScoreTable`: the scores of some images by several hands, side by side, and all that is measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from memnet.crops import Crops

if TYPE_CHECKING:
    from memnet.literature import Figure
    from memnet.statistics import Consistency, Distribution, Paired, Splits, Summary

Source = Literal["port", "original", "other"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One score for each image of a table."""

    label: str
    """Unique in a table, such as `port, center` or `reference, ten`."""
    source: Source
    crops: Crops | None
    """None where a file does not say."""
    scores: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A column of the port beside one of the original; the numbers are differences of scores."""

    port: str
    original: str
    """Both are labels of columns."""
    largest: float
    mean: float
    """Of the absolute differences."""
    spread: float
    """Standard deviation of the original's scores."""
    paired: Paired | None
    """The two rank correlations with the truth; None without truth."""


@dataclass(frozen=True, kw_only=True)
class Thumb:
    """An image on which port and original, or else port and truth, are far apart."""

    name: str
    picture: str
    """A JPEG of at most 160 pixels as a data URI."""
    truth: float | None
    original: float | None
    port: float | None


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """Images in the order of their table; every column has one score for each of them."""

    data: str
    """Such as `LaMem test_1`, or `16 of 200 images`."""
    synthetic: bool
    """Whether the images, or their truth, are generated ones."""
    names: tuple[str, ...]
    truth: tuple[float, ...] | None
    columns: tuple[Column, ...]
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    """By label; empty without truth."""
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    """By label."""
    pairs: tuple[Pair, ...] = ()
    consistency: Consistency | None = None
    splits: Mapping[str, Splits] = field(default_factory=dict)
    """By label, over LaMem's splits; on the first split's table alone."""
    published: tuple[Figure, ...] = ()
    """Numbers that others have stated, each with its source: never measured here."""
    worst: tuple[Thumb, ...] = ()
