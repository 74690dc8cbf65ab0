"""Which images a run trains and validates on: data sets, mixed and split as the recipe says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from converter.errors import FileFormatError

from ..data import DataSet, load_data
from .recipe import Data

_SPLIT, _HOLD = 1, 2  # so that no two random choices share a generator


@dataclass(frozen=True, kw_only=True)
class Example:
    """One image with its score."""

    path: Path
    score: float
    label: str
    """`DATASET/NAME`, by which an evaluation sees whether it was trained on."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """How many images of a data set are used for what."""

    data: str
    split: str
    n: int
    synthetic: bool


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Images for training and for validation, in a fixed order."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    trained_on: tuple[Part, ...]
    validated_on: tuple[Part, ...]
    missing: tuple[Path, ...] = ()
    """Images of the tables that are not there; only with `on_error = "skip"`."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all labels and scores in order; equal for the same data at another place."""
        state = hashlib.sha256()
        for name, examples in (("train", self.train), ("validation", self.validation)):
            state.update(f"{name} {len(examples)}\n".encode())
            for each in examples:
                state.update(f"{each.label} {each.score!r}\n".encode())
        return state.hexdigest()

    @property
    def seen(self) -> str:
        """One label a line, sorted, of every image for training or validation."""
        return "".join(f"{label}\n" for label in sorted(set(self._labels())))

    @property
    def synthetic(self) -> bool:
        """Whether some of the images and scores are generated ones."""
        return any(part.synthetic for part in (*self.trained_on, *self.validated_on))

    def _labels(self) -> Iterable[str]:
        return (each.label for each in (*self.train, *self.validation))

    def without(self, lost: frozenset[Path]) -> Mixture:
        """Return the mixture less some images; the parts keep the numbers of the tables."""
        return replace(
            self,
            train=tuple(each for each in self.train if each.path not in lost),
            validation=tuple(each for each in self.validation if each.path not in lost),
        )


def mix(data: Data, seed: int) -> Mixture:
    """Return the images of a recipe's data.

    Raises:
        FileFormatError: no data, a table or image that is missing, too few images, or one for both purposes.
    """
    if not data.sources:
        raise FileFormatError("no data to train on; give --data lamem:DIR, memcat:DIR or csv:FILE")
    if data.validation_sources:
        train = [_whole(spec, data) for spec in data.sources]
        validation = [_whole(spec, data) for spec in data.validation_sources]
    elif data.validation == "random":
        train, validation = _divided([_whole(spec, data) for spec in data.sources], data, seed)
    else:
        pairs = [_own_split(spec, data, at, seed) for at, spec in enumerate(data.sources)]
        train, validation = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    mixture = Mixture(
        train=tuple(each for found in train for each in _examples(found)),
        validation=tuple(each for found in validation for each in _examples(found)),
        trained_on=_parts(train),
        validated_on=_parts(validation),
        missing=tuple(path for found in (*train, *validation) for path in found.missing),
    )
    return _checked(mixture)


def _load(spec: str, data: Data, split: str = "") -> DataSet:
    return load_data(spec, split, allow_missing=data.on_error == "skip")


def _whole(spec: str, data: Data) -> DataSet:
    """Return all of a data set; of LaMem the images of all parts, each with the mean of its five scores."""
    return _load(spec, data, "full" if spec.startswith("lamem:") else "")


def _own_split(spec: str, data: Data, at: int, seed: int) -> tuple[DataSet, DataSet]:
    """Return LaMem's own parts, or a share held out at random where a data set has none."""
    if spec.startswith("lamem:"):
        return tuple(_load(spec, data, f"{part}_{data.split}") for part in ("train", "val"))  # type: ignore[return-value]
    whole = _load(spec, data)
    held = round(len(whole) * data.validation_share)
    return _held_out(whole, _order(len(whole), seed, _HOLD, at)[:held], "held out")


def _divided(
    sources: Sequence[DataSet], data: Data, seed: int
) -> tuple[list[DataSet], list[DataSet]]:
    """Hold `validation_count` images of all data sets out, whichever they are of."""
    total = sum(map(len, sources))
    if data.validation_count >= total:
        raise FileFormatError(
            f"the data hold {total:,} images, of which {data.validation_count:,} shall be for validation; "
            "lower data.validation_count"
        )
    held = np.sort(_order(total, seed, _SPLIT)[: data.validation_count])
    pairs, begin = [], 0
    for found in sources:
        own = held[(held >= begin) & (held < begin + len(found))] - begin
        pairs.append(_held_out(found, own, f"{len(own)} at random"))
        begin += len(found)
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _order(count: int, *seeds: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(seeds).permutation(count)


def _held_out(
    whole: DataSet, held: np.ndarray[tuple[int], np.dtype[np.int64]], split: str
) -> tuple[DataSet, DataSet]:
    chosen = frozenset(held.tolist())
    rest = tuple(item for at, item in enumerate(whole) if at not in chosen)
    out = tuple(item for at, item in enumerate(whole) if at in chosen)
    name = " ".join(filter(None, [whole.split, "but", split])).removeprefix("but ")
    return (
        replace(whole, rows=rest, split=f"all but {split}" if not whole.split else name),
        replace(whole, rows=out, split=split, missing=()),
    )


def _examples(found: DataSet) -> Iterable[Example]:
    return (
        Example(path=item.path, score=item.score, label=f"{found.name}/{item.name}")
        for item in found
    )


def _parts(sources: Sequence[DataSet]) -> tuple[Part, ...]:
    return tuple(
        Part(data=each.name, split=each.split, n=len(each), synthetic=each.synthetic)
        for each in sources
        if len(each)
    )


def _checked(mixture: Mixture) -> Mixture:
    both = {each.path for each in mixture.train} & {each.path for each in mixture.validation}
    if both:
        first = min(map(str, both))
        raise FileFormatError(
            f"{len(both):,} images are for training and for validation, such as {first}"
        )
    if not mixture.train:
        raise FileFormatError("the data hold no image for training")
    if len(mixture.validation) == 1:
        raise FileFormatError("one image for validation has no rank; hold out more, or none")
    return mixture
