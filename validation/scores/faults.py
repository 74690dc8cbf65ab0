"""What a difference looks like: the usual mistakes are made on purpose, and the one that gives the same is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from converter import tolerance
from converter.errors import CaffeError
from memnet.crops import Crops, Floats
from memnet.diagnosis.diagnose import SAME
from memnet.diagnosis.feedings import Feeding
from memnet.images import Pixels

from .feeds import feed_of
from .mistakes import candidates
from .score_file import CENTRE, Array, Doubles
from .stages import Example, same_set

if TYPE_CHECKING:
    from memnet.network import Rule

Scorer: TypeAlias = Callable[[Floats], Doubles]
"""(N, C, H, W) -> (N,)"""

Seen: TypeAlias = tuple[Pixels, Array, Array | None, int]
"""An image, what was fed for it, all or the values at flat places, and how many crops are fed."""

ROWS = 100
"""By how many rows scores may be shifted."""
NEAR = 0.1
"""Share of a difference that may be left for a mistake to be called the nearest: 1% of its square."""


def recognise_fed(right: Rule, examples: Sequence[Example]) -> str:
    """Return which mistake feeds these images as the port was fed, in words; "" where none of the usual does."""
    seen = [(example.image, example.port, None, len(example.port)) for example in examples]
    return _recognised(right, seen, "that gives what the port is fed")


def recognise_recorded(right: Rule, examples: Sequence[Example]) -> str:
    """Return which mistake feeds these images as the original was fed, in words; "" where none of the usual does."""
    seen = [(one.image, one.original, one.places, len(one.port)) for one in examples]
    return _recognised(right, seen, "that gives what was recorded")


def _recognised(right: Rule, seen: Sequence[Seen], proof: str) -> str:
    best, nearest = NEAR, ""
    for feeding in candidates(right):
        left = max((_left(feeding, right, *one) for one in seen), default=np.inf)
        if left == 0:
            return f"looks like {feeding.name}: {feeding.says}; {proof}"
        if left < best:
            best = left
            rest = f"{left:.1%} of the difference is left"
            nearest = f"comes nearest to {feeding.name}: {feeding.says}; {rest}"
    return nearest


def _left(
    feeding: Feeding, right: Rule, image: Pixels, seen: Array, places: Array | None, crops: int
) -> float:
    """Return which share of the difference from the right feeding the mistake does not explain, 0 to rounding."""
    count = crops if places is not None else len(seen)
    made = _as_many(feeding, image, count)
    wanted = feed_of(right, "ten" if count == 10 else "center")(image)
    if places is not None:
        made, wanted = (fed.reshape(-1)[places % fed.size] for fed in (made, wanted))
        made, wanted, seen = made[None], wanted[None], seen[None]
    if made.shape != seen.shape:
        return np.inf
    if _alike(made, seen):
        return np.inf if wanted.shape == made.shape and _alike(made, wanted) else 0.0
    if wanted.shape != seen.shape or _alike(wanted, seen):
        return np.inf
    return float(_rms(seen - made) / _rms(seen - wanted))


def _as_many(feeding: Feeding, image: Pixels, count: int) -> Floats:
    made = feeding.feed(image)
    return made[CENTRE][None] if len(made) == 10 and count == 1 else made


def _alike(made: Array, found: Array) -> bool:
    limit = tolerance.CAFFE * float(np.abs(found).max(initial=0))
    return bool(np.abs(made - found).max() <= limit) or same_set(made, found, limit) is not None


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def recognise_scores(
    right: Rule, images: Sequence[Pixels], scores: Doubles, net: Scorer, crops: Crops, limit: float
) -> str:
    """Return which mistake gives these scores, in words; "" where none of the usual does, or they are right."""
    wanted = np.array([_mean_score(net, feed_of(right, crops)(image)) for image in images])
    if np.abs(wanted - scores).max() <= limit:
        return ""
    best, nearest = np.inf, ""
    for feeding in candidates(right):
        try:
            made = np.array([_score(feeding, image, net, crops) for image in images])
        except CaffeError:  # a mistake that this size of picture cannot have
            continue
        worst, off = float(np.abs(made - scores).max()), _rms(made - scores)
        if worst <= limit:
            return (
                f"looks like {feeding.name}: {feeding.says}; that feeding reproduces the scores "
                f"to {_power(worst)} on {len(images)} images"
            )
        if off < min(best, SAME * float(made.std())):
            best = off
            nearest = (
                f"comes near {feeding.name}: {feeding.says}; that feeding gives the scores "
                f"to {off / float(made.std()):.1%} of their spread on {len(images)} images"
            )
    return nearest


def _score(feeding: Feeding, image: Pixels, net: Scorer, crops: Crops) -> float:
    return _mean_score(net, _as_many(feeding, image, 10 if crops == "ten" else 1))


def _mean_score(net: Scorer, fed: Floats) -> float:
    return float(net(fed).mean())


def _power(value: float) -> str:
    return f"{max(value, 1e-12):.0e}".replace("e-0", "e-")


def recognise_order(
    port: Doubles, original: Doubles, orders: Mapping[str, Sequence[int]], limit: float
) -> str:
    """Return how the rows of one column have come apart from its names, in words; "" where they have not.

    `orders` are orders of the rows by name of the file that has them so, for a file is shifted in its own.
    """
    for where, order in orders.items():
        ours, theirs = port[list(order)], original[list(order)]
        if by := _shift(ours, theirs, limit):
            rows = "one row" if abs(by) == 1 else f"{abs(by)} rows"
            whose = "before" if by > 0 else "after"
            return (
                f"scores shifted by {rows} ({where}): an image has the score of the one {abs(by)} {whose} it; "
                f"shifted back, {len(ours) - abs(by):,} of {len(ours):,} agree within the limit"
            )
    if np.abs(np.sort(port) - np.sort(original)).max() <= limit:
        return "the same scores in another order: names and scores have come apart"
    return ""


def _shift(ours: Doubles, theirs: Doubles, limit: float) -> int:
    """Return k where ours[i] is theirs[i - k], for all but k rows at an end; 0 where there is none."""
    for k in range(1, min(ROWS, (len(ours) - 1) // 2) + 1):
        if np.abs(ours[k:] - theirs[:-k]).max() <= limit:
            return k
        if np.abs(ours[:-k] - theirs[k:]).max() <= limit:
            return -k
    return 0
