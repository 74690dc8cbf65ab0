"""The network alone: every blob of the port beside every judge's, on the same arrays, both weighed by float64.

The float64 reference walks through the net once for each forward and drops a blob when no later layer reads it, so
that what is held is one float32 trace for the port and for each judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from converter import tolerance
from converter.errors import InvalidNetError

from ..judges.recording import Forward, Values
from ..report import Check, not_run, within
from ..traces import Array, PortError, Trace, is_whole, port_backend
from .blobs import BlobRow, Place, Tally

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.layer import Arrays
    from converter.net import Net, Step

REFERENCE = "reference"
STAGE = "network"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One port on one lot of forwards."""

    checks: tuple[Check, ...]
    rows: tuple[BlobRow, ...]
    inputs: Trace
    """Of the first forward."""
    unseen: tuple[str, ...]
    """Blobs that could not be compared, for the port does not show them."""

    @property
    def passed(self) -> bool:
        """Whether nothing differs; what was not run does not count."""
        return all(check.passed is not False for check in self.checks)


Expected = Mapping[str, tuple[Values, ...]]


@dataclass(frozen=True, kw_only=True)
class Lot:
    """Forwards that some judges judge; the reference is asked in any case."""

    judges: tuple[str, ...]
    forwards: Iterable[tuple[Forward, Mapping[str, Expected]]]
    """Each with what the judges besides the reference expect."""
    count: int = 1
    absent: Mapping[str, str] = field(default_factory=dict)
    """`JUDGE: BLOB` -> why there is nothing to compare with."""


def judge_lot(conversion: Conversion, port: torch.nn.Module, lot: Lot) -> Judged:
    """Compare every blob. Raises InvalidNetError where a forward does not feed what the net takes."""
    run = _Run(conversion, port, lot)
    first: Trace = {}
    for at, (forward, expected) in enumerate(lot.forwards):
        first = first or forward.inputs
        run.add(at, forward, expected)
    rows = tuple(run.rows())
    checks = (*run.raised, *run.checks(rows))
    return Judged(checks=checks, rows=rows, inputs=first, unseen=run.unseen)


class _Run:
    def __init__(self, conversion: Conversion, port: torch.nn.Module, lot: Lot) -> None:
        self._conversion, self._net, self._port, self._lot = conversion, conversion.net, port, lot
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._sampled: dict[tuple[str, str], bool] = {}
        self._whole = is_whole(port)
        self._state: dict[int, Arrays] = {}
        self._unseen: dict[str, None] = {}
        self.raised: list[Check] = []

    @property
    def unseen(self) -> tuple[str, ...]:
        """Blobs that the port does not show."""
        return tuple(self._unseen)

    def add(self, at: int, forward: Forward, expected: Mapping[str, Expected]) -> None:
        """Compare one forward."""
        ours = {**forward.inputs, **self._trace(forward)}
        prefix = (at,) if self._lot.count > 1 else ()
        for blob, truth in self._truths(forward, ours):
            port = ours.pop(blob, None)
            if port is not None and not self._whole and port.size == truth.size:
                port = port.reshape(truth.shape)  # a module may take or give a blob flattened
            if REFERENCE in self._lot.judges and blob not in self._net.inputs:
                self._compare((REFERENCE, blob), prefix, port, Values(array=truth), truth)
            for judge, blobs in expected.items():
                for values in blobs.get(blob, ()):
                    self._compare((judge, blob), prefix, port, values, truth)
        for judge, blobs in expected.items():
            for blob in sorted(blobs.keys() - self._net.shapes.keys()):
                for values in blobs[blob]:
                    self._compare((judge, blob), prefix, None, values, None)

    def _trace(self, forward: Forward) -> Trace:
        wanted = self._net.inputs
        if set(forward.inputs) != set(wanted):
            given = ", ".join(map(repr, forward.inputs))
            raise InvalidNetError(
                f"the net takes {', '.join(map(repr, wanted))}, given are {given}"
            )
        backend = port_backend(self._port, self._conversion, again=forward.again)
        try:
            return backend(forward.inputs)
        except PortError as error:
            fed = ", ".join(f"{blob!r} {forward.inputs[blob].shape}" for blob in wanted)
            self.raised = [within("the port runs", inf, 0, f"{error}; it was fed {fed}", STAGE)]
            return error.blobs

    def _truths(self, forward: Forward, ours: Trace) -> Iterator[tuple[str, Array]]:
        """Yield each blob when its last layer has made it; one that is only fed first of all."""
        from converter.reference import walk

        net = self._net
        read = {blob for step in net.steps if step.layer.jumps for blob in step.layer.bottoms}
        given = dict(ours) if read and read <= ours.keys() else None
        last = {blob: step for step in net.steps for blob in step.layer.tops}
        for blob in net.inputs:
            if last[blob].layer.role == "input":
                yield blob, np.asarray(forward.inputs[blob], np.float64)
        if not forward.again:
            self._state = {}
        steps = walk(net, self._conversion.bound, forward.inputs, state=self._state, given=given)
        for step, tops in _told(steps, net, forward.inputs):
            for blob, truth in tops.items():
                if last[blob] is step:
                    yield blob, _as_float32_reaches(truth)

    def _compare(
        self,
        key: tuple[str, str],
        prefix: tuple[int, ...],
        port: Array | None,
        values: Values,
        truth: Array | None,
    ) -> None:
        """Compare one blob, or its values at some places."""
        if port is None and (self.raised or not self._whole):
            self._unseen[key[1]] = None
            return
        judge, places = values.array, values.places
        whole = port.shape if port is not None else None
        if port is not None and self._lot.count > 1 and judge.size == port.size:
            judge = judge.reshape(port.shape)  # a recording of several forwards has a row for each
        shape = port.shape if port is not None and places is not None else judge.shape
        tally = self._tallies.setdefault(key, Tally((self._lot.count,) * len(prefix) + shape))
        self._sampled[key] = self._sampled.get(key, True) and places is not None
        if truth is not None and port is not None and truth.shape != port.shape:
            truth = None
        if port is not None and places is not None:
            inside = places.max(initial=-1) < port.size and places.size == judge.size
            port = port.reshape(-1)[places] if inside else None
            truth = truth.reshape(-1)[places] if inside and truth is not None else None
        if port is None or port.shape != judge.shape:
            count = (self._lot.count,) * len(prefix)
            tally.miss((*count, *whole) if whole is not None else None)
        else:
            tally.add(port, judge, truth, places, prefix)

    def rows(self) -> Iterator[BlobRow]:
        """Yield a row for each judge and blob: by judge, in net order."""
        depths = {blob: at for at, blob in enumerate(self._made())}
        makers = {blob: step for step in reversed(self._net.steps) for blob in step.layer.tops}
        for judge in self._lot.judges:
            known = [blob for name, blob in self._tallies if name == judge]
            fed = dict.fromkeys(self._net.inputs, -1)
            places = fed | depths
            for blob in sorted(known, key=lambda blob: places.get(blob, len(places))):
                step = makers.get(blob)
                place = Place(
                    blob=blob,
                    layer=step.layer.name if step else "",
                    type=step.layer.type if step else "",
                    depth=places.get(blob, len(places)),
                )
                yield self._tallies[judge, blob].row(place, judge, self._limit(judge, step))

    def _made(self) -> list[str]:
        return [blob for blob in self._net.shapes if blob not in self._net.inputs]

    def _limit(self, judge: str, step: Step | None) -> float:
        """Return the limit of what a layer makes; a softmax can be no closer than its logits are."""
        if step is None or "Softmax" not in step.layer.type:
            return tolerance.CAFFE
        logits = self._tallies.get((judge, step.layer.bottoms[0]))
        if logits is None:
            return tolerance.SATURATED_SOFTMAX
        return tolerance.CAFFE + tolerance.SOFTMAX_OF_LOGITS * min(logits.largest, 1.0)

    def checks(self, rows: Sequence[BlobRow]) -> Iterator[Check]:
        """Yield a check for each row, and what there was nothing to compare with."""
        for row in rows:
            sampled = self._sampled[row.judge, row.blob]
            name = f"{row.judge}: {'samples of ' if sampled else ''}{row.blob}"
            yield within(name, row.relative, row.limit, row.detail, STAGE)
        for name, why in self._lot.absent.items():
            yield not_run(name, why, STAGE)


def _told(
    steps: Iterator[tuple[Step, dict[str, Array]]], net: Net, inputs: Trace
) -> Iterator[tuple[Step, dict[str, Array]]]:
    """Say it in one line where inputs have another shape, or a layer counts with them and noise is no such numbers."""
    try:
        yield from steps
    except (IndexError, ValueError) as error:
        fed = ", ".join(
            f"{blob!r} {inputs[blob].shape} where the net declares {net.shapes[blob]}"
            for blob in net.inputs
        )
        raise InvalidNetError(
            f"the net cannot compute with these inputs: {fed} ({error}); give others"
        ) from error


def _as_float32_reaches(truth: Array) -> Array:
    """Return the blob with infinity where float32 has no number so large."""
    beyond = np.abs(truth) > np.finfo(np.float32).max
    return np.where(beyond, np.copysign(np.inf, truth), truth) if beyond.any() else truth
