"""`Sources`: which images, with which truth, and whose scores there are in files already; `Pictures`: what it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import FileFormatError
from memnet.crops import Crops

if TYPE_CHECKING:
    from memnet.data import DataSet

ALL = "all"
"""As a split: every test part of LaMem."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the scores part of a parity run was asked for."""

    images: tuple[str, ...] = ()
    """Files, folders and patterns, as `memnet predict` takes them (`--images`)."""
    data: str = ""
    """`KIND:PATH`, as `memnet.data.load_data` takes it (`--data`)."""
    split: str = ""
    """LaMem's, such as `test_1`; `all` for the five test parts one after the other (`--split`)."""
    crops: tuple[Crops, ...] = ("center",)
    """`--crops center,ten`"""
    scores: Mapping[str, Path] = field(default_factory=dict)
    """Label -> CSV or .npz (`--scores LABEL=FILE`, repeated); others than `port` and `original` stand beside these."""
    judged: int = 16
    """How many images the float64 reference scores; which ones, a seed says."""
    samples: int = 2000
    """Of each bootstrap."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.images and self.data:
            raise FileFormatError(
                "--images and --data are both given; take the one that has the images"
            )
        if self.judged < 1:
            raise FileFormatError(
                f"--judged is {self.judged}; the reference scores at least 1 image"
            )
        if self.split and not self.data:
            raise FileFormatError(f"--split {self.split} is given without --data")

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.images or self.data or self.scores)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Images, and what is known of them, in the order of their table."""

    label: str
    names: tuple[str, ...]
    paths: tuple[Path | None, ...]
    """None where only scores are known."""
    truth: tuple[float, ...] | None = None
    counts: tuple[tuple[int, int], ...] | None = None
    """(hits, responses) of each image, where every one has them."""
    synthetic: bool = False
    kind: str = ""
    """The data set's own name, such as `LaMem`."""

    def __len__(self) -> int:
        return len(self.names)

    def only(self, places: Sequence[int], label: str = "") -> Pictures:
        """Return the images at these places."""
        truth, counts = self.truth, self.counts
        return Pictures(
            label=label or self.label,
            names=tuple(self.names[at] for at in places),
            paths=tuple(self.paths[at] for at in places),
            truth=tuple(truth[at] for at in places) if truth is not None else None,
            counts=tuple(counts[at] for at in places) if counts is not None else None,
            synthetic=self.synthetic,
            kind=self.kind,
        )


def find_pictures(sources: Sources, *, to_run: bool = True) -> Iterator[Pictures]:
    """Yield the images that are named: of `--split all` one after the other, else one lot.

    Where only files of scores are given, the images are those that the port's file names. Images of a data set are
    looked for only where they are `to_run`.

    Raises:
        FileFormatError: what is wrong with the data set, or that nothing is named.
    """
    if sources.data:
        for split in _splits(sources):
            yield _of_data(sources, split, to_run=to_run)
    elif sources.images:
        from memnet.runs.sources import find_images

        names = find_images(sources.images)
        yield Pictures(label="images", names=tuple(names), paths=tuple(map(Path, names)))
    else:
        yield _of_scores(sources)


def _splits(sources: Sources) -> Sequence[str]:
    if sources.split != ALL:
        return (sources.split,)
    from memnet.data.lamem import find_splits

    kind, _, root = sources.data.partition(":")
    if kind != "lamem":
        raise FileFormatError(f"--split all is LaMem's; {sources.data!r} has no five splits")
    return [split for split in find_splits(root) if split.startswith("test_")]


def _of_data(sources: Sources, split: str, *, to_run: bool) -> Pictures:
    from memnet.data import load_data

    data = load_data(sources.data, split, check_images=to_run)
    return Pictures(
        label=f"{data.name} {data.split}".rstrip(),
        names=tuple(item.name for item in data),
        paths=tuple(data.paths),
        truth=tuple(item.score for item in data),
        counts=_counts(data),
        synthetic=data.synthetic,
        kind=data.name,
    )


def _counts(data: DataSet) -> tuple[tuple[int, int], ...] | None:
    counts = [
        (item.hits, item.responses)
        for item in data
        if item.hits is not None and item.responses is not None and item.responses >= 2
    ]
    return tuple(counts) if len(counts) == len(data) else None


def _of_scores(sources: Sources) -> Pictures:
    """Take the images that the port's file names, or the first file's that names any."""
    from .reading import read_scores

    files = sorted(sources.scores.items(), key=lambda one: one[0] != "port")
    for _, path in files:
        if (names := read_scores(path).names) is not None:
            return Pictures(label=path.name, names=names, paths=(None,) * len(names))
    raise FileFormatError("no file of scores names its images; give --images or --data")
