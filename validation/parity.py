"""`check_parity`: one model's port against each back end that can judge it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from converter import tolerance
from converter.compare import relative_difference
from converter.errors import InvalidNetError

from .report import Check, Report, not_run, within
from .traces import Backend, NotRunError, Trace, port_backend, reference_backend

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.reading import Reading

AGAINST = ("reference", "opencv")


def check_parity(
    model: str | Path | None,
    prototxt: str | Path | None = None,
    against: Sequence[str | Path] = ("reference",),
    *,
    port: torch.nn.Module | str | Path | None = None,
    inputs: Trace | None = None,
    allow_missing: bool = False,
    **reading: Unpack[Reading],
) -> Report:
    """Compare a port of a Caffe model with the model: its weights bit for bit, then every blob.

    `against` names back ends: `reference` (float64 NumPy), `opencv` (cv2.dnn), or the path of a recording
    (`.npz`, see `validation/recording.py`), which brings its own inputs. `port` is a module, or a folder with
    `model.py` and `model.safetensors`, which is run; by default it is what the converter makes of the model.
    Of a module that was not converted here the outputs alone are compared. `inputs` maps input blobs to arrays, by
    default seeded noise. The other arguments are those of `converter.load`.

    A difference is max|a - b| / max|b| over a blob; NaN and infinity must stand in the same places.

    Raises:
        CaffeError: the model, the port or a recording cannot be read.
    """
    from converter.conversion import prepare

    from .port import check_weights, find_port

    conversion = prepare(
        model,
        prototxt,
        allow_missing=allow_missing,
        **reading,
    )
    judged = find_port(conversion, port)
    whole = hasattr(type(judged), "blob_names")
    notes = [] if whole else ["the port was not converted here: its outputs alone are compared"]
    checks = [check_weights(conversion, judged)]
    run = _Run(conversion, port_backend(judged, conversion), whole, notes)
    for judge in against:
        checks += run.against(judge, inputs)
    return Report(
        subject=str(model or prototxt), checks=tuple(checks), notes=(*notes, *_labels(conversion))
    )


def _labels(conversion: Conversion) -> list[str]:
    return [note for note in conversion.notes if note.startswith("UNTRAINED")]


class _Run:
    """One port before its judges; its trace on the default inputs is made once."""

    def __init__(
        self, conversion: Conversion, ours: Backend, whole: bool, notes: list[str]
    ) -> None:
        self._conversion = conversion
        self._ours = ours
        self._whole = whole
        self._notes = notes
        self._default: tuple[Trace, Trace] | None = None

    def against(self, judge: str | Path, inputs: Trace | None) -> Iterator[Check]:
        if str(judge) == "reference":
            return self._compare("reference", reference_backend(self._conversion), inputs)
        if str(judge) == "opencv":
            from .opencv import opencv_backend

            return self._compare("opencv", opencv_backend(self._conversion), inputs)
        if Path(judge).suffix == ".npz":
            return self._recorded(Path(judge), inputs)
        known = ", ".join(AGAINST)
        return iter((not_run(str(judge), f"no such back end; known: {known}, or a recorded .npz"),))

    def _fed(self, inputs: Trace | None) -> tuple[Trace, Trace]:
        """Return the inputs and what the port makes of them."""
        from converter.check import noise

        if self._default is None:
            fed = inputs if inputs is not None else noise(self._conversion)
            self._default = fed, self._trace(fed)
        return self._default

    def _trace(self, inputs: Trace) -> Trace:
        wanted = self._conversion.net.inputs
        if set(inputs) != set(wanted):
            raise InvalidNetError(
                f"the net takes {', '.join(map(repr, wanted))}, given are {', '.join(map(repr, inputs))}"
            )
        return self._ours(inputs)

    def _compare(self, name: str, theirs: Backend, inputs: Trace | None) -> Iterator[Check]:
        fed, ours = self._fed(inputs)
        try:
            expected = theirs(fed)
        except NotRunError as error:
            yield not_run(name, str(error))
            return
        for blob in self._conversion.net.shapes:
            if blob in self._conversion.net.inputs:
                continue
            if blob not in expected:
                yield not_run(f"{name}: {blob}", "the back end does not give this blob")
            elif blob in ours:
                difference = relative_difference(ours[blob], expected[blob])
                yield within(f"{name}: {blob}", difference, tolerance.CAFFE)
            elif self._whole:
                yield within(f"{name}: {blob}", float("inf"), tolerance.CAFFE, "not in the port")

    def _recorded(self, path: Path, inputs: Trace | None) -> Iterator[Check]:
        from .recording import compare, load_recording

        recording = load_recording(path)
        if recording.ignored:
            self._notes.append(f"{path.name}: not compared: {', '.join(recording.ignored)}")
        if recording.inputs:
            ours = self._trace(recording.inputs)
        elif inputs is not None:
            _, ours = self._fed(inputs)
        else:
            yield not_run(path.name, "the recording has no in/<blob>; give inputs")
            return
        yield from compare(recording, ours, path.name, whole=self._whole)
