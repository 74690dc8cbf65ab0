"""`check_parity`: one model's port against each back end and recording that can judge it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Unpack

from .judges.back_ends import find_back_end
from .net.lots import Lots
from .net.network import REFERENCE, Lot, judge_lot
from .net.notes import network_notes
from .report import Check, Report
from .traces import Backend, Trace, is_whole

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.reading import Reading
    from memnet.network import Rule

    from .net.blobs import BlobRow
    from .scores.source import Sources
    from .scores.table import ScoreTable

SEEN = (
    "the port was not converted here: compared are its outputs, and the blobs of members named like Caffe's layers "
    "or with their weights"
)

SATURATING = ("Sigmoid", "TanH", "Clip")


def check_parity(
    model: str | Path | None,
    prototxt: str | Path | None = None,
    against: Sequence[str | Path] = (REFERENCE,),
    *,
    port: torch.nn.Module | str | Path | None = None,
    inputs: Trace | None = None,
    mean: str | Path | None = None,
    allow_missing: bool = False,
    sources: Sources | None = None,
    preprocess: Rule | None = None,
    caffe_python: str | None = None,
    **reading: Unpack[Reading],
) -> Report:
    """Compare a port of a Caffe model with the model: weights bit for bit, then every blob, then scores of images.

    `against` names back ends: `reference` (float64 NumPy), `opencv` (cv2.dnn), `caffe` (pycaffe, in a process of its
    own that `caffe_python` starts), or the path of a recording (`.npz` or HDF5, see
    `validation/judges/recording.py`), which brings its own inputs, or `.csv` of scores. `port` is a module, or a
    folder with `model.py` and `model.safetensors`, which is run; by default it is what the converter makes of the
    model. Of a module that was not converted here those blobs are compared that `validation/net/watch.py` can see.
    `inputs` maps input blobs to arrays, by default seeded noise. `sources` and `preprocess` are of the scores, see
    `validation/scores/run.py`. The other arguments are those of `converter.load`.

    A difference is max|a - b| / max|b| over a blob; NaN and infinity must stand in the same places.

    Raises:
        CaffeError: the model, the port, a recording, or what the scores are of cannot be read.
    """
    began = perf_counter()
    parity = _Parity()
    conversion: Conversion | None = None
    judged: torch.nn.Module | None = None
    back_end: Callable[[str], Backend] | None = None
    if model is not None or prototxt is not None:
        from converter.conversion import prepare

        from .port import find_port

        conversion = prepare(model, prototxt, mean, allow_missing=allow_missing, **reading)
        judged = find_port(conversion, port)
        back_end = partial(
            find_back_end, conversion=conversion, python=caffe_python, as_read=not reading
        )
        lots = Lots(
            conversion,
            against,
            inputs=inputs,
            sources=sources,
            preprocess=preprocess,
            back_end=back_end,
        )
        parity.judge(conversion, judged, lots)
    if sources:
        from .scores.run import score_checks

        folder = Path(port) if isinstance(port, str | Path) else None
        checks, tables, notes = score_checks(
            conversion,
            judged,
            against,
            sources=sources,
            port_folder=folder,
            preprocess=preprocess,
            back_end=back_end,
        )
        parity.checks += checks
        parity.tables += tables
        parity.notes += notes
    return parity.report(Path(model or prototxt or "scores").name, began)


class _Parity:
    """What is found, in order."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.rows: list[BlobRow] = []
        self.tables: list[ScoreTable] = []
        self.notes: list[str] = []
        self._faults: list[Check] = []
        self._differing: tuple[str, ...] = ()

    def report(self, subject: str, began: float) -> Report:
        from .cost import cost_since

        return Report(
            subject=subject,
            checks=tuple(self.checks),
            notes=tuple(dict.fromkeys(self.notes)),
            blobs=tuple(self.rows),
            scores=tuple(self.tables),
            cost=cost_since(began),
        )

    def judge(self, conversion: Conversion, port: torch.nn.Module, lots: Lots) -> None:
        """Judge the weights, then the network: by all back ends at once, then by each recording."""
        from .port import compare_weights

        if not is_whole(port):
            self.notes.append(SEEN)
        weights, self._differing = compare_weights(conversion, port)
        self.checks.append(weights)
        for lot in lots:
            self._add(conversion, port, lot)
        self.checks += lots.checks
        self.notes += lots.notes
        self.notes += [note for note in conversion.notes if note.startswith("UNTRAINED")]

    def _add(self, conversion: Conversion, port: torch.nn.Module, lot: Lot) -> None:
        judged = judge_lot(conversion, port, lot)
        self.checks += judged.checks
        self.rows += judged.rows
        self.notes += network_notes(judged)
        if self._faults or (judged.passed and not _hides(conversion)):
            return
        from .net.alone import layers_alone

        self._faults, notes = layers_alone(conversion, port, judged.inputs, self._differing)
        self.checks += self._faults
        self.notes += notes if self._faults or not judged.passed else []


def _hides(conversion: Conversion) -> bool:
    """Whether a layer in place saturates, so that a blob may be right after a layer that is not."""
    layers = conversion.net.layers
    return any(layer.type in SATURATING and layer.tops == layer.bottoms for layer in layers)
