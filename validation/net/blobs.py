"""`BlobRow`: how far one blob of the port is from a judge's; `Tally` gathers it over forwards, keeping no blob."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from converter import tolerance
from converter.compare import reach

from ..traces import Array

Shape = tuple[int, ...]
_GREATEST = float(np.nextafter(np.finfo(np.float32).max, np.float32(0)))
"""The greatest float32 that has another above it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a blob stands in its net."""

    blob: str
    layer: str
    """That makes it; layers that work on it in place come after."""
    type: str
    depth: int
    """0 for the first blob that a layer makes, in net order; -1 for one that is only fed."""


@dataclass(frozen=True, kw_only=True)
class BlobRow(Place):
    """One blob of the port beside a judge's. Differences are absolute but for those called relative."""

    judge: str
    """`reference`, `opencv`, `caffe`, or a recording's file name."""
    shape: Shape
    elements: int
    """How many were compared."""
    relative: float
    """max|port - judge| / max|judge|; infinite where shape, NaN or infinity differ."""
    largest: float
    mean: float
    steps: float
    """`largest` in float32 steps at the judge's largest value."""
    worst: Shape
    """Where the difference is largest; empty where shapes differ."""
    port_value: float
    judge_value: float
    port_error: float | None
    """Relative difference of the port from the float64 reference; None where the reference could not be had."""
    judge_error: float | None
    """The judge's, at least one float32 step; None where the reference itself is the judge."""
    ratio: float | None
    """port_error / judge_error"""
    limit: float
    passed: bool
    port_shape: Shape | None = None
    """Where it is another than the judge's; None, too, where the port has no such blob."""

    @property
    def judge_is_off(self) -> bool:
        """Whether it is the judge that is beyond the limit from the float64 truth, and not the port."""
        port, own = self.port_error, self.judge_error
        return port is not None and own is not None and port <= self.limit < own

    @property
    def detail(self) -> str:
        """What the numbers do not say at a glance: where, and who is how far from the truth."""
        if self.relative == inf and not self.worst:
            if self.port_shape is None:
                return "the port has no such blob"
            return f"the port gives the shape {self.port_shape}, {self.judge} {self.shape}"
        own = f"{self.ratio:.2g} times {self.judge}'s own error" if self.ratio is not None else ""
        told = f"{self.steps:.3g} float32 steps"
        if self.passed:
            return "; ".join(filter(None, (told, own)))
        where = f"worst at {self.worst}: {self.port_value:.9g} for {self.judge_value:.9g}"
        if self.ratio is not None:
            own = f"from float64 {self.port_error:.2g}, {self.judge}'s own error {self.judge_error:.2g}"
        return "; ".join(filter(None, (where, told, own)))


class Tally:
    """Differences of one blob of the port from one judge's, and of both from the truth, over forwards."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.elements = 0
        self._total = self._largest = self._scale = 0.0
        self._worst: tuple[Shape, float, float] = ((), nan, nan)
        self._differs = False
        self._other: Shape | None = None
        self._truth_scale = self._port_error = self._judge_error = 0.0
        self._weighed = False

    def miss(self, found: Shape | None = None) -> None:
        """Note that the port has no such blob, or of another shape, which is `found`."""
        self._differs, self._worst = True, ((), nan, nan)
        self._other = found

    @property
    def largest(self) -> float:
        """The largest absolute difference; infinite where shape, NaN or infinity differ."""
        return inf if self._differs else self._largest

    def add(
        self,
        port: Array,
        judge: Array,
        truth: Array | None,
        places: Array | None = None,
        forward: Shape = (),
    ) -> None:
        """Compare three arrays of one shape; `places` are their elements' flat positions in the blob.

        `forward` is which of several they are of, and then the first axis of the shape.
        """
        port, judge = port.astype(np.float64), judge.astype(np.float64)
        finite, same = np.isfinite(judge), _alike(port, judge)
        both = finite & same
        gap = np.zeros(port.shape)
        np.subtract(port, judge, out=gap, where=both)
        np.abs(gap, out=gap)
        self.elements += port.size
        self._total += float(gap.sum())
        self._scale = max(self._scale, _largest(judge[finite]))
        if not same.all():
            gap = np.where(same, 0.0, inf)
        at = int(gap.argmax()) if gap.size else 0
        if gap.size and gap.flat[at] >= self._largest and not self._differs:
            self._largest = float(gap.flat[at])
            index = self._index(at if places is None else int(places.flat[at]), forward)
            self._worst = (index, float(port.flat[at]), float(judge.flat[at]))
        self._differs = self._differs or not bool(same.all())
        if truth is not None:
            self._weigh(port, judge, truth.astype(np.float64))

    def _index(self, flat: int, forward: Shape) -> Shape:
        shape = self.shape[len(forward) :]
        return (*forward, *map(int, np.unravel_index(flat, shape)))

    def _weigh(self, port: Array, judge: Array, truth: Array) -> None:
        self._weighed = True
        self._truth_scale = max(self._truth_scale, _largest(truth[np.isfinite(truth)]))
        self._port_error = max(self._port_error, _error(port, truth))
        self._judge_error = max(self._judge_error, _error(judge, truth))

    def row(self, place: Place, judge: str, limit: float) -> BlobRow:
        """Return the differences so far."""
        relative = self.largest / reach(self._scale)
        port_error = self._port_error / reach(self._truth_scale) if self._weighed else None
        judge_error = ratio = None
        if port_error is not None and judge != "reference":
            judge_error = self._judge_error / reach(self._truth_scale)
            judge_error = max(judge_error, tolerance.FLOAT32_STEP)
            known = isfinite(port_error) and isfinite(judge_error)
            ratio = port_error / judge_error if known else None
        worst, port_value, judge_value = self._worst
        return BlobRow(
            **vars(place),
            judge=judge,
            shape=self.shape,
            elements=self.elements,
            relative=relative,
            largest=self.largest,
            mean=self._total / max(self.elements, 1),
            steps=self.largest / _step(self._scale),
            worst=worst,
            port_value=port_value,
            judge_value=judge_value,
            port_error=port_error,
            judge_error=judge_error,
            ratio=ratio,
            limit=limit,
            passed=bool(relative <= limit),
            port_shape=self._other,
        )


def _step(value: float) -> float:
    """Return the distance between float32 numbers at a value."""
    return float(np.spacing(np.float32(min(value, _GREATEST))))


def _alike(found: Array, expected: Array) -> Array:
    """Where both are finite, or the same infinity, or NaN."""
    same = (found == expected) | np.isnan(found) & np.isnan(expected)
    alike: Array = np.where(np.isfinite(expected), np.isfinite(found), same)
    return alike


def _error(found: Array, truth: Array) -> float:
    """Return the largest absolute difference; infinite where NaN or infinity stand in other places."""
    if not _alike(found, truth).all():
        return inf
    known = np.isfinite(truth)
    return _largest(found[known] - truth[known])


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))
