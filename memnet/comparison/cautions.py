"""What a reader of a cell must know before its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from ..calibration import Calibration
from ..data import DataSet
from ..statistics import Summary
from .origins import UNKNOWN, Origin

FACES = "10k US Adult Faces"
FEW = 30
"""Images below which a rank correlation says next to nothing: its 95% interval is wider than 0.6."""


def warnings_of(
    origin: Origin, data: DataSet, summary: Summary, calibration: Calibration | None
) -> tuple[str, ...]:
    """Return the warnings, most important first."""
    return tuple(_warnings(origin, data, summary, calibration))


def _warnings(
    origin: Origin, data: DataSet, summary: Summary, calibration: Calibration | None
) -> Iterator[str]:
    if origin.untrained:
        yield "UNTRAINED: the model's weights are random; its scores mean nothing"
    if data.synthetic:
        yield "SYNTHETIC: the pictures and scores are generated"
    if data.name == FACES:
        yield (
            "faces: nets trained on scenes and objects do not transfer to faces; the author of ResMem reached "
            "about 0.2 with one trained on faces"
        )
    if origin.trained_on == UNKNOWN:
        yield "what this model was trained on is not known, nor whether it has seen these images"
    elif UNKNOWN in origin.trained_on:
        yield "what the weights that it began from were trained on is not known, nor whether on these images"
    if calibration is not None:
        yield from _calibrated_on(calibration.fitted_on, data)
    if summary.correlation.n < FEW:
        yield f"{summary.correlation.n} images are too few for a rank correlation"
    if summary.correlation.rho is None:
        yield "scores or truth are all equal, so a rank correlation is undefined"
    if summary.regression.flagged:
        yield (
            "the scores hardly vary: less than half of what their correlation with the truth earns; "
            "see memnet diagnose"
        )


def _calibrated_on(fitted_on: str, data: DataSet) -> Iterator[str]:
    """Splits of one number share no image, those of two do; parts that are not numbered may."""
    split = fitted_on.removeprefix(f"{data.name} ").partition(",")[0]
    if not fitted_on.startswith(f"{data.name} "):
        return
    if split == data.split:
        yield f"calibrated on these very images ({fitted_on})"
    elif split.rpartition("_")[2] != data.split.rpartition("_")[2]:
        yield f"calibrated on another split, which shares images with this one ({fitted_on})"
