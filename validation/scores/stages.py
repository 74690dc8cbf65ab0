"""The stages at which a port can differ: preprocessing alone, the network alone on identical arrays, both end to end.

Preprocessing is compared in grey levels, scores relative to how far the original's spread over images. Ten crops are a
set: their order changes no mean, so another order is told and is no difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from converter import tolerance
from memnet.crops import Floats
from memnet.images import Pixels

from ..report import Check
from .score_file import Array, Doubles

PREPROCESSING, NETWORK, END_TO_END, SCORES = "preprocessing", "network", "end to end", "scores"
"""Stages of checks. `scores` is for a column that is wrong by itself, whatever computed it."""

EXAMPLES = 4
"""Images that are kept of those that were fed otherwise, for finding out how."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """An image that was fed otherwise, for finding out how."""

    image: Pixels
    port: Array
    """What the port is fed, (crops, C, H, W)."""
    original: Array
    """What the original is fed; where `places` are given, its values there."""
    places: Array | None = None
    """Flat positions into (crops, C, H, W)."""


@dataclass(kw_only=True, eq=False)
class FedComparison:
    """What the port is fed against what the original is fed, image by image."""

    name: str
    """Against what."""
    unit: float
    """One grey level."""
    images: int = 0
    largest: float = 0.0
    """Grey levels."""
    reordered: int = 0
    """Images whose crops are the same in another order."""
    crops: set[int] = field(default_factory=set)
    """Which of the original's ten crops the port does not have, whatever their order."""
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    """The port's shapes, where they are others."""
    examples: list[Example] = field(default_factory=list)

    def see(self, found: Floats, expected: Array, image: Pixels) -> Floats:
        """Compare one image; returns `found` in the order of `expected` where it is only that."""
        self.images += 1
        if found.shape != expected.shape:
            self.largest = float("inf")
            self.shapes.add(found.shape)
            self._keep(Example(image=image, port=found, original=expected))
            return found
        gaps = self._gaps(found, expected)
        if gaps.max() <= tolerance.RESIZE:
            self.largest = max(self.largest, float(gaps.max()))
            return found
        if order := same_set(found, expected, tolerance.RESIZE * self.unit):
            self.reordered += 1
            ordered = found[list(order)]
            self.largest = max(self.largest, float(self._gaps(ordered, expected).max()))
            return ordered
        self.largest = max(self.largest, float(gaps.max()))
        if len(self.examples) < EXAMPLES:
            self.crops |= _lacking(found, expected, tolerance.RESIZE * self.unit)
        self._keep(Example(image=image, port=found, original=expected))
        return found

    def see_samples(self, found: Floats, positions: Array, values: Array, image: Pixels) -> None:
        """Compare one image at flat positions into (crops, C, H, W)."""
        self.images += 1
        gap = float("inf")
        if positions.max(initial=-1) < found.size:
            gap = float(self._gaps(found.reshape(-1)[positions][None], values[None])[0])
        self.largest = max(self.largest, gap)
        if gap > tolerance.RESIZE:
            self._keep(Example(image=image, port=found, original=values, places=positions))

    @property
    def passed(self) -> bool:
        """Whether all images were fed alike, but for the order of crops."""
        return self.largest <= tolerance.RESIZE

    def check(self, cause: str = "") -> Check:
        """Return the verdict; `cause` says what the difference looks like."""
        said = [f"{self.images} images, grey levels of 255", cause]
        if self.shapes:
            said.append(f"the port is fed {', '.join(map(str, sorted(self.shapes)))}")
        if 0 < len(self.crops) < 10 and not self.shapes:
            said.append(f"crops that the port has not: {', '.join(map(str, sorted(self.crops)))}")
        return Check(
            name=f"{self.name}: what is fed",
            measured=self.largest,
            limit=tolerance.RESIZE,
            passed=self.passed,
            detail="; ".join(filter(None, said)),
            stage=PREPROCESSING,
        )

    def _gaps(self, found: Array, expected: Array) -> Doubles:
        """Return the largest difference of each crop, in grey levels; NaN is infinite."""
        gaps: Doubles = np.abs(found.astype(np.float64) - expected) / self.unit
        largest: Doubles = np.nan_to_num(gaps.reshape(len(gaps), -1).max(1), nan=np.inf)
        return largest

    def _keep(self, example: Example) -> None:
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


def same_set(found: Array, expected: Array, limit: float) -> tuple[int, ...] | None:
    """Return in which order the rows of `found` are those of `expected`, or None; each row is taken once."""
    left = list(range(len(found)))
    order = []
    for row in expected:
        at = next((at for at in left if np.abs(found[at] - row).max() <= limit), None)
        if at is None:
            return None
        left.remove(at)
        order.append(at)
    return tuple(order)


def _lacking(found: Array, expected: Array, limit: float) -> set[int]:
    """Return which rows of `expected` are not among those of `found`; of a single row none is told."""
    if len(expected) == 1:
        return set()
    gaps = [min(float(np.abs(part - row).max()) for part in found) for row in expected]
    return {at for at, gap in enumerate(gaps) if not gap <= limit}


def score_limit(original: Doubles, rounding: float = 0.0) -> float:
    """Return how far a score may be from the original's: a share of their spread, or what float32 has there.

    `rounding` is half a unit of the last decimal in which the two were written, added up.
    """
    steps = tolerance.SCORE_STEPS * float(np.spacing(np.float32(np.abs(original).max(initial=0))))
    return max(tolerance.SCORE_SPREAD * float(original.std()), steps) + rounding


def score_check(
    name: str,
    port: Doubles,
    original: Doubles,
    *,
    stage: str,
    rounding: float = 0.0,
    detail: str = "",
) -> Check:
    """Return whether scores agree, one for each image or (images, crops); `measured` is the largest difference."""
    spread = float(original.std())
    worst = float(np.nan_to_num(np.abs(port - original).max(initial=0), nan=np.inf))
    limit = score_limit(original, rounding)
    coarse = rounding > max(tolerance.SCORE_ROUNDING * spread, score_limit(original))
    if coarse and 0 < worst <= limit:
        why = (
            f"the scores are rounded to {rounding:.1g}, too coarse for a spread of {spread:.3g}; "
            "write more decimals"
        )
        return Check(name=name, detail=why, stage=stage)
    share = f", {worst / spread:.1g} of" if spread and np.isfinite(worst) else ";"
    said = f"{len(original):,} images{share} the original's spread of {spread:.3g}"
    return Check(
        name=name,
        measured=worst,
        limit=limit,
        passed=worst <= limit,
        detail="; ".join(filter(None, (said, detail))),
        stage=stage,
    )
