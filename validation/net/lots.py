"""`Lots`: what there is to judge a port on: all back ends on the same arrays, then each recording on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import InvalidNetError

from ..judges.recording import SUFFIXES, Forward, Recording, Values, load_recording
from ..report import Check, not_run
from ..traces import Backend, NotRunError, Trace
from .network import REFERENCE, Expected, Lot

if TYPE_CHECKING:
    from converter.conversion import Conversion
    from memnet.network import Rule

    from ..scores.source import Sources

_FILES = (*SUFFIXES, ".csv")
_NO_IMAGES = "has scores of images; give --images or --data"


class Lots:
    """Iterated once; `checks` then has what was not run, and `notes` what a reader should know."""

    def __init__(
        self,
        conversion: Conversion,
        against: Sequence[str | Path],
        *,
        inputs: Trace | None,
        sources: Sources | None,
        preprocess: Rule | None = None,
        back_end: Callable[[str], Backend],
    ) -> None:
        self._conversion, self._against = conversion, against
        self._inputs, self._sources, self._back_end = inputs, sources, back_end
        self._preprocess = preprocess
        self.checks: list[Check] = []
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[Lot]:
        """Yield the lots; a recording is read when its turn comes."""
        yield from self._of_back_ends()
        yield from self._of_recordings()

    def _of_back_ends(self) -> Iterator[Lot]:
        """Yield one forward before every back end that runs; what does not is noted as not run."""
        names = [str(judge) for judge in self._against if Path(judge).suffix not in _FILES]
        if not names:
            return
        from converter.check import noise

        fed = self._inputs if self._inputs is not None else noise(self._conversion)
        _check_names(self._conversion, fed)
        expected: dict[str, Expected] = {}
        judges, absent = list[str](), dict[str, str]()
        net = self._conversion.net
        made = [blob for blob in net.shapes if blob not in net.inputs]
        for name in dict.fromkeys(names):
            if name == REFERENCE:
                judges.append(name)
                continue
            try:
                trace = self._back_end(name)(fed)
            except NotRunError as error:
                self.checks.append(not_run(name, str(error)))
                continue
            judges.append(name)
            expected[name] = {blob: (Values(array=trace[blob]),) for blob in made if blob in trace}
            why = "the back end does not give this blob"
            absent |= {f"{name}: {blob}": why for blob in made if blob not in trace}
        if judges:
            forward = Forward(inputs=fed, expected={})
            yield Lot(judges=tuple(judges), forwards=[(forward, expected)], absent=absent)

    def _of_recordings(self) -> Iterator[Lot]:
        for path in map(Path, self._against):
            if path.suffix in SUFFIXES:
                recording = load_recording(path)
                self.notes += _ignored(recording)
                fed = recording.inputs or self._inputs or self._crops(recording)
                if recording.blobs and (fed or not self._conversion.net.inputs):
                    yield _of_recording(recording, fed or {})
                elif recording.blobs:
                    why = "the recording has no in/<blob>; give inputs, or the images it was made with"
                    self.checks.append(not_run(path.name, why))
                elif not self._sources:
                    self.checks.append(not_run(path.name, _NO_IMAGES))
            elif path.suffix == ".csv" and not self._sources:
                self.checks.append(not_run(path.name, _NO_IMAGES))

    def _crops(self, recording: Recording) -> Trace | None:
        """Return the crops of the images as inputs of a recording that has none."""
        sources = self._sources
        if not sources or not (sources.images or sources.data) or not recording.blobs:
            return None
        from ..scores.run import crops_of

        self.notes.append(
            f"{recording.name}: has no inputs; it was fed the crops of the images, in order"
        )
        rows = _rows(recording, self._conversion)
        return crops_of(self._conversion, sources, self._preprocess, rows=rows)


def _of_recording(recording: Recording, fed: Trace) -> Lot:
    def forwards() -> Iterator[tuple[Forward, Mapping[str, Expected]]]:
        for forward in recording.forwards(fed):
            yield forward, {recording.name: forward.expected}

    return Lot(judges=(recording.name,), forwards=forwards(), count=recording.count)


def _rows(recording: Recording, conversion: Conversion) -> int:
    """Return how many crops the recording is of, as far as its blobs' sizes and positions tell."""
    ones = {blob: prod(shape[1:]) or 1 for blob, shape in conversion.net.shapes.items()}
    whole = [array.size // ones[blob] for blob, array in recording.outputs.items() if blob in ones]
    reach = [
        recording.count * (int(places.max(initial=0)) // ones[blob] + 1)
        for blob, places in recording.positions.items()
        if blob in ones
    ]
    return max([*whole, *reach], default=0)


def _ignored(recording: Recording) -> Iterator[str]:
    if recording.ignored:
        yield f"{recording.name}: not compared: {', '.join(recording.ignored)}"
    if "caffe" in recording.about:
        yield f"{recording.name}: recorded by Caffe {recording.about['caffe']}"


def _check_names(conversion: Conversion, fed: Trace) -> None:
    """Refuse other inputs than the net's before a back end meets them."""
    wanted = conversion.net.inputs
    if set(fed) != set(wanted):
        raise InvalidNetError(
            f"the net takes {', '.join(map(repr, wanted))}, given are {', '.join(map(repr, fed))}"
        )
