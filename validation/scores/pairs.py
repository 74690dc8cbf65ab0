"""Port against original, end to end: whether their scores agree, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter.errors import CaffeError
from memnet.images import Pixels, read_image

from ..report import Check
from .columns import Held
from .faults import Scorer, recognise_order, recognise_scores
from .images import choose
from .score_file import CENTRE
from .source import Pictures
from .stages import END_TO_END, NETWORK, PREPROCESSING, SCORES, score_check, score_limit

if TYPE_CHECKING:
    from memnet.network import Rule

Places: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]

TRIED = {"center": 8, "ten": 4}
"""Images on which the usual mistakes are made, so that a full-size net tells in a minute."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lot:
    """The pictures of one table, and what is known of the stages before their scores are compared."""

    pictures: Pictures
    rule: Rule | None = None
    """The original's preprocessing."""
    net: Scorer | None = None
    """The port's network."""
    fed_otherwise: str | None = None
    """How the port was found to be fed otherwise; None where it is fed as the original, or is a file."""
    network_differs: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Where a difference of scores begins, and what it looks like."""

    stage: str
    says: str
    is_new: bool = False
    """Whether no check has told it yet."""


def pair_checks(lot: Lot, port: Held, original: Held) -> Iterator[Check]:
    """Yield whether the two columns agree; where not, the cause if it is found."""
    both = np.flatnonzero(port.known & original.known)
    if not len(both):
        return
    ours, theirs = port.scores[both], original.scores[both]
    rounding = port.rounding + original.rounding
    name = f"{original.by}: scores" + (f", {port.crops}" if port.crops else "")
    check = score_check(name, ours, theirs, stage=END_TO_END, rounding=rounding)
    if check.passed is not False:
        yield check
        return
    cause = _cause(lot, port, original, both, score_limit(theirs, rounding))
    yield replace(check, detail=f"{check.detail}; {cause.says}")
    if cause.is_new:
        yield Check(
            name=f"{original.by}: cause", passed=False, detail=cause.says, stage=cause.stage
        )


def order_note(port: Held, original: Held) -> str | None:
    """Return what is to be said where each of ten crops is known and they agree in another order, or not at all."""
    if port.parts.shape[1] != 10 or original.parts.shape != port.parts.shape:
        return None
    both = port.known & original.known
    ours, theirs = port.parts[both], original.parts[both]
    limit = score_limit(theirs, port.rounding + original.rounding)
    if not len(ours) or np.abs(ours - theirs).max() <= limit:
        return None
    worst = float(np.abs(np.sort(ours) - np.sort(theirs)).max())
    if worst <= limit:
        return f"{original.by}: the ten crops stand in another order, which changes no mean"
    return f"{original.by}: single crops differ by up to {worst:.2g}, whatever their order"


def with_centre(port: Held, original: Held) -> tuple[Held, str | None]:
    """Return the original with the crop of its ten that is the port's centre on all images, and what to say of it.

    The centre is the fifth in pycaffe's and MATLAB's order; somebody's script may have another.
    """
    if original.ten is None or port.parts.shape[1] != 1:
        return original, None
    both = port.known & original.known
    limit = score_limit(original.scores[both], port.rounding + original.rounding)
    gaps = np.abs(original.ten[both] - port.parts[both]).max(0, initial=0)
    at = int(gaps.argmin())
    if at == CENTRE or gaps[CENTRE] <= limit or gaps[at] > limit:
        return original, None
    said = f"{original.by}: crop {at} of its ten, counted from 0, is taken as the centre: it is the port's"
    return replace(original, parts=original.ten[:, [at]]), said


def _cause(lot: Lot, port: Held, original: Held, both: Places, limit: float) -> Cause:
    at = {place: row for row, place in enumerate(both)}
    orders = {"in the table's order": list(range(len(both)))}
    for held in (port, original):
        if held.order is not None:
            orders[f"in the order of {held.by}"] = [at[p] for p in held.order if p in at]
    ours, theirs = port.scores[both], original.scores[both]
    if says := recognise_order(ours, theirs, orders, limit):
        return Cause(stage=SCORES, says=says, is_new=True)
    if port.order is None and lot.fed_otherwise is not None:
        says = lot.fed_otherwise or "the port is fed otherwise"
        return Cause(stage=PREPROCESSING, says=f"begins in the preprocessing: {says}")
    if port.order is None and lot.network_differs:
        return Cause(stage=NETWORK, says="begins in the network, which differs on identical arrays")
    for held in (port, original):
        if held.order is not None and (says := _fed_as(lot, held, both, limit)):
            return Cause(stage=PREPROCESSING, says=f"{held.by} {says}", is_new=True)
    if lot.net is None or not any(lot.pictures.paths):
        return Cause(
            stage=END_TO_END, says="at which stage cannot be told without model and images"
        )
    return Cause(stage=END_TO_END, says="none of the usual mistakes gives these scores")


def _fed_as(lot: Lot, held: Held, both: Places, limit: float) -> str:
    """Return which mistake of feeding gives a file's scores, made on some of the images."""
    if lot.net is None or lot.rule is None:
        return ""
    crops = held.crops or "center"
    there = [int(at) for at in both if _is_file(lot.pictures, int(at))]
    chosen = [there[at] for at in sorted(choose(len(there), TRIED[crops], lot.seed))]
    read = [(at, image) for at in chosen if (image := _image(lot.pictures, at)) is not None]
    if not read:
        return ""
    scores = held.scores[[at for at, _ in read]]
    images: Sequence[Pixels] = [image for _, image in read]
    return recognise_scores(lot.rule, images, scores, lot.net, crops, limit)


def _is_file(pictures: Pictures, at: int) -> bool:
    path = pictures.paths[at]
    return path is not None and path.is_file()


def _image(pictures: Pictures, at: int) -> Pixels | None:
    path = pictures.paths[at]
    try:
        return read_image(path) if path is not None else None
    except CaffeError:
        return None
