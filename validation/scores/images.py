"""Images through the port and through those that judge it, each fed in its own way and the port in the original's, too.

One pass; nothing is kept of an image but its scores, so memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from converter import tolerance
from converter.errors import CaffeError, FileFormatError
from memnet.crops import Crops, Floats
from memnet.images import Pixels, read_image
from memnet.network import BATCH
from memnet.runs.ordered import slices

from ..traces import Backend, NotRunError
from .faults import Scorer
from .feeds import Feed, feed_of, grey_level
from .score_file import CENTRE, Array, Doubles, ScoreFile
from .source import Pictures
from .stages import FedComparison

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.net import Net
    from memnet.network import Rule


@dataclass(kw_only=True, eq=False)
class Judge:
    """A back end that scores what the original is fed."""

    name: str
    scorer: Scorer
    places: frozenset[int]
    """Of the images that it scores."""
    scores: dict[int, Doubles] = field(default_factory=dict)
    """Place -> (crops,)"""
    failed: str = ""
    """Why it cannot be run."""


@dataclass(kw_only=True, eq=False)
class Ran:
    """What came of the images, by their places in the table; scores are (crops,) each."""

    port: dict[int, Doubles] = field(default_factory=dict)
    """Fed in the port's own way."""
    right: dict[int, Doubles] = field(default_factory=dict)
    """The port's network fed as the original is."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Name -> why."""
    by_rule: FedComparison
    """The port's preprocessing against the original's, computed here."""
    by_file: dict[str, FedComparison] = field(default_factory=dict)
    """The port's preprocessing against what a recording says that Caffe was fed, by the file's name."""
    right_by_file: dict[str, FedComparison] = field(default_factory=dict)
    """The original's, computed here, against the same."""


def run_images(
    pictures: Pictures,
    port: Scorer,
    rule: Rule,
    own: Rule | Feed,
    *,
    crops: Crops,
    judges: Sequence[Judge] = (),
    files: Sequence[ScoreFile] = (),
    only: frozenset[int] | None = None,
) -> Ran:
    """Score all images, or `only` those at some places; the judges get their scores filled in.

    `rule` is the original's preprocessing, `own` the port's.

    Raises:
        FileFormatError: no image can be read, or the port fails on what it is fed.
    """
    right, ours, unit = feed_of(rule, crops), feed_of(own, crops), grey_level(rule)
    ran = Ran(by_rule=FedComparison(name="preprocessing alone", unit=unit))
    recorded = [_Recorded(file, file.rows(pictures.names), crops, unit, ran) for file in files]
    places = range(len(pictures)) if only is None else sorted(only)
    for group in slices(places, max(1, BATCH // (10 if crops == "ten" else 1))):
        read = [(at, image) for at in group if (image := _read(pictures, at, ran)) is not None]
        there = [at for at, _ in read]
        wanted = [right(image) for _, image in read]
        found = [
            _compared(ran, recorded, at, image, ours(image), expected)
            for (at, image), expected in zip(read, wanted, strict=True)
        ]
        if read:
            _score(ran, port, there, wanted, found)
            for judge in judges:
                _judge(judge, there, wanted)
    if ran.unreadable and not ran.port:
        name, why = next(iter(ran.unreadable.items()))
        raise FileFormatError(f"none of {len(ran.unreadable):,} images can be read; {name}: {why}")
    return ran


def _compared(
    ran: Ran,
    recorded: Sequence[_Recorded],
    at: int,
    image: Pixels,
    found: Floats,
    expected: Floats,
) -> Floats:
    """Return what the port is fed for one image, in the original's order of crops, after comparing it."""
    one = len(found) == 1 and len(expected) == 10  # the port knows no ten crops
    fed = ran.by_rule.see(_as_many(found, expected), expected[[CENTRE]] if one else expected, image)
    for each in recorded:
        each.see(at, fed, expected, image)
    return fed


def _score(
    ran: Ran, port: Scorer, there: Sequence[int], wanted: Sequence[Floats], found: Sequence[Floats]
) -> None:
    ran.right |= dict(zip(there, _scored(port, wanted), strict=True))
    if all(map(np.array_equal, found, wanted)):
        ran.port |= {at: ran.right[at] for at in there}
    else:
        ran.port |= dict(zip(there, _scored(port, found), strict=True))


def port_scorer(port: torch.nn.Module, net: Net) -> Scorer:
    """Return the port's network: (N, C, H, W) to (N,), in its own number type."""

    def score(fed: Floats) -> Doubles:
        from memnet.device import plain_float32

        from ..net.watch import outputs_of

        try:
            with plain_float32():
                (found,) = outputs_of(port, net, {net.inputs[0]: fed})
        except (Exception, SystemExit) as error:  # somebody's code may raise anything
            said = " ".join(str(error).split()) or repr(error)
            raise FileFormatError(f"the port fails on {fed.shape}: {said}") from error
        if found.size != len(fed):
            raise FileFormatError(
                f"the port gives {found.size // len(fed)} numbers for an image, not one score"
            )
        return found.reshape(-1).astype(np.float64)

    return score


def backend_scorer(backend: Backend, conversion: Conversion) -> Scorer:
    """Return a back end's one output: (N, C, H, W) to (N,)."""
    net = conversion.net

    def score(fed: Floats) -> Doubles:
        found: Doubles = np.asarray(backend({net.inputs[0]: fed})[net.outputs[0]], np.float64)
        return found.reshape(len(fed))

    return score


def _read(pictures: Pictures, at: int, ran: Ran) -> Pixels | None:
    path = pictures.paths[at]
    try:
        if path is None:
            raise FileFormatError("only its scores are known")
        return read_image(path)
    except CaffeError as error:
        ran.unreadable[pictures.names[at]] = error.message
        return None


def _as_many(found: Floats, expected: Floats) -> Floats:
    """Return the one of ten crops that is wanted, where one is wanted."""
    if len(expected) != 1 or len(found) == 1 or found.shape[1:] != expected.shape[1:]:
        return found
    gaps = [float(np.abs(part - expected[0]).max()) for part in found]
    nearest = int(np.argmin(gaps))
    alike = gaps[nearest] <= tolerance.CAFFE * float(np.abs(expected).max())
    return found[[nearest if alike else min(CENTRE, len(found) - 1)]]


def _scored(scorer: Scorer, fed: Sequence[Floats]) -> list[Doubles]:
    """Return each image's scores, (crops,); at most BATCH crops go at once, or one image's, or one size's."""
    if len({each.shape[1:] for each in fed}) > 1:
        return [scorer(each) for each in fed]
    scores = scorer(np.concatenate(fed))
    return np.split(scores, np.cumsum([len(each) for each in fed])[:-1])


def _judge(judge: Judge, places: Sequence[int], wanted: Sequence[Floats]) -> None:
    mine = [(at, fed) for at, fed in zip(places, wanted, strict=True) if at in judge.places]
    if not mine or judge.failed:
        return
    try:
        scores = _scored(judge.scorer, [fed for _, fed in mine])
    except NotRunError as error:
        judge.failed = str(error)
        return
    judge.scores |= {at: each for (at, _), each in zip(mine, scores, strict=True)}


class _Recorded:
    """What a file says that Caffe was fed, for the images that it says it of."""

    def __init__(
        self, file: ScoreFile, rows: Sequence[int | None], crops: Crops, unit: float, ran: Ran
    ) -> None:
        self._fed = file.fed.get(crops, file.fed.get("center", file.fed.get("ten")))
        self._samples = file.samples if file.ten is not None else None
        self._rows = rows
        name = file.path.name
        self._port, self._right = (FedComparison(name=name, unit=unit) for _ in range(2))
        if self._fed is not None or self._samples is not None:
            ran.by_file[name], ran.right_by_file[name] = self._port, self._right

    def see(self, at: int, found: Floats, expected: Floats, image: Pixels) -> None:
        row = self._rows[at]
        for comparison, fed in ((self._port, found), (self._right, expected)):
            if row is not None and self._fed is not None and row < len(self._fed):
                comparison.see(*_matched(fed, self._fed[row]), image)
            elif row is not None and self._samples is not None:
                positions, values = _within(fed, *self._samples)
                comparison.see_samples(fed, positions, values[row], image)


def _matched(fed: Floats, recorded: Array) -> tuple[Floats, Array]:
    """Return both with the crops that both have: all, or the central one."""
    theirs = recorded[None] if recorded.ndim == 3 else recorded
    if len(theirs) == 1 and len(fed) == 10:
        return fed[CENTRE][None], theirs
    if len(fed) == 1 and len(theirs) == 10:
        return fed, theirs[CENTRE][None]
    return fed, theirs


def _within(fed: Floats, positions: Array, values: Array) -> tuple[Array, Array]:
    """Return the positions into ten crops, and (N, positions) values, that are in what is fed: all, or the centre's."""
    if len(fed) == 10:
        return positions, values
    inside = positions // fed.size == CENTRE
    return positions[inside] % fed.size, values[:, inside]


def choose(count: int, most: int, seed: int) -> frozenset[int]:
    """Return the places of at most so many images, by a seed."""
    if count <= most:
        return frozenset(range(count))
    return frozenset(map(int, np.random.default_rng(seed).choice(count, most, replace=False)))


def stacked(scores: Mapping[int, Doubles], places: Sequence[int]) -> Doubles:
    """Return (places, crops)."""
    return np.stack([scores[at] for at in places])
