"""`Comparison`: what `comparison.json` holds. Every cell is one model on one set of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..literature import Figure
from ..statistics import Consistency, Paired, Splits, Summary


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of a comparison; one crop and ten are two models."""

    name: str
    trained_on: str
    weights_sha256: str | None
    untrained: bool


@dataclass(frozen=True, kw_only=True)
class Data:
    """A set of images that every model has scored."""

    name: str
    split: str | None
    n: int
    synthetic: bool
    consistency: Consistency | None
    truth: tuple[float, ...]
    names: tuple[str, ...]
    left_out: int
    """Images without a score by some model, which no cell counts."""

    def __str__(self) -> str:
        return f"{self.name} {self.split or ''}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One model on one set; scores are in the order of the set's truth."""

    model: str
    data: str
    split: str | None
    crops: str | None
    """`center` or `ten`; None where a file of scores does not say."""
    seen: str | None
    """What is known of these images in the model's training; None where nothing speaks for any."""
    warnings: tuple[str, ...]
    summary: Summary
    scores: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class OverSplits:
    """One model over the splits of one data set."""

    model: str
    data: str
    splits: Splits


@dataclass(frozen=True, kw_only=True)
class PairedModels:
    """Two models on the same images; differences are `a` less `b`."""

    data: str
    split: str | None
    a: str
    b: str
    paired: Paired


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Models by data sets."""

    notes: tuple[str, ...]
    models: tuple[Model, ...]
    data: tuple[Data, ...]
    cells: tuple[Cell, ...]
    splits: tuple[OverSplits, ...]
    paired: tuple[PairedModels, ...]
    published: tuple[Figure, ...]

    def cells_of(self, model: Model, group: Sequence[Data]) -> list[Cell]:
        """Return a model's cells on some sets, in their order; none where it has no score of any of a set's images."""
        found = {(one.model, one.data, one.split): one for one in self.cells}
        keys = [(model.name, data.name, data.split) for data in group]
        return [found[key] for key in keys if key in found]
