"""What is done to scores after the net, if anything: by default nothing.

    calibration = fit("linear", memnet.predict(model, val.paths), val)     # val: a DataSet of a validation split
    save_calibration(calibration, "calibration.json")
    truthlike = load_calibration("calibration.json")(scores)

Every calibration keeps the order of images (but for ties where it clamps), so a rank correlation is that of raw scores.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from converter.errors import FileFormatError, OutputError

if TYPE_CHECKING:
    from .data.dataset import DataSet

Reals = np.ndarray[Any, np.dtype[np.float64]]
Fitted = Literal["linear", "quantile"]

_KNOTS = 101
"""Every hundredth of the distribution; a validation split of LaMem has 37 images to each."""


@dataclass(frozen=True, kw_only=True)
class Calibration(ABC):
    """Callable on raw scores, any shape; returns float64."""

    kind: ClassVar[str]
    fitted_on: str = ""
    """The data set and split of the fit, and how many images; empty where nothing was fitted."""

    @property
    def identity(self) -> str:
        """The kind; of a fitted one also a hash of its numbers."""
        numbers = {key: value for key, value in asdict(self).items() if key != "fitted_on"}
        if not numbers:
            return self.kind
        return f"{self.kind}-{hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:16]}"

    @abstractmethod
    def __call__(self, scores: np.ndarray[Any, Any]) -> Reals:
        """Return the calibrated scores."""


@dataclass(frozen=True, kw_only=True)
class Raw(Calibration):
    """The net's output as it is."""

    kind: ClassVar[str] = "raw"

    def __call__(self, scores: np.ndarray[Any, Any]) -> Reals:
        """Return the scores in float64."""
        return np.asarray(scores, np.float64)


@dataclass(frozen=True, kw_only=True)
class Ganalyze(Calibration):
    """What GANalyze (Goetschalckx et al. 2019) does to MemNet's ten-crop scores: clamp((x - 0.7626) * 2 + 0.65, 0, 1).

    Its 0.7626 is the mean that those authors saw with the published weights; it suits no others.
    """

    kind: ClassVar[str] = "ganalyze"

    def __call__(self, scores: np.ndarray[Any, Any]) -> Reals:
        """Return scores of twice the spread about 0.65, clamped to 0..1."""
        stretched: Reals = np.clip((np.asarray(scores, np.float64) - 0.7626) * 2 + 0.65, 0, 1)
        return stretched


@dataclass(frozen=True, kw_only=True)
class Linear(Calibration):
    """Least squares of the truth on the scores, clamped to 0..1."""

    kind: ClassVar[str] = "linear"
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        """Refuse what would not keep the order."""
        if not (self.slope > 0 and np.isfinite([self.slope, self.intercept]).all()):
            raise ValueError(
                f"slope {self.slope:.6g} and intercept {self.intercept:.6g}: the truth does not rise with the scores, "
                "so no line through them keeps their order"
            )

    def __call__(self, scores: np.ndarray[Any, Any]) -> Reals:
        """Return slope * scores + intercept, clamped to 0..1."""
        line: Reals = np.clip(self.slope * np.asarray(scores, np.float64) + self.intercept, 0, 1)
        return line


@dataclass(frozen=True, kw_only=True)
class Quantile(Calibration):
    """Each score becomes the truth of the same rank, linear between knots: the truth's distribution, right or wrong.

    Scores outside those of the fit become the least and the greatest truth.
    """

    kind: ClassVar[str] = "quantile"
    scores: tuple[float, ...]
    truths: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no rising curve."""
        rises = np.all(np.diff(self.scores) > 0) and np.all(np.diff(self.truths) >= 0)
        finite = np.isfinite([*self.scores, *self.truths]).all()
        if len(self.scores) != len(self.truths) or len(self.scores) < 2 or not (rises and finite):
            raise ValueError("a quantile calibration needs two or more knots, rising in both")

    def __call__(self, scores: np.ndarray[Any, Any]) -> Reals:
        """Return the truths at the scores' ranks."""
        return np.interp(np.asarray(scores, np.float64), self.scores, self.truths)


_KINDS: Mapping[str, type[Calibration]] = {
    kind.kind: kind for kind in (Raw, Ganalyze, Linear, Quantile)
}
KINDS = tuple(_KINDS)


def fit(kind: Fitted, scores: np.ndarray[Any, Any], data: DataSet) -> Calibration:
    """Return the calibration that brings `scores`, in the order of `data`, to its measured ones.

    Raises:
        ValueError: `data` is no validation split (its name must begin with `val`), the numbers of the two differ, a
            score is not finite, all are equal, or they fall as the truth rises.
    """
    if not data.split.startswith("val"):
        raise ValueError(
            f"a calibration is fitted on a validation split, found {data.split or 'no split'!r} of {data.name}; "
            "one fitted on test images would flatter itself"
        )
    found, truth = np.asarray(scores, np.float64).ravel(), data.scores
    if len(found) != len(truth) or len(found) < 2:
        raise ValueError(
            f"{len(found)} scores for {len(truth)} images; give one for each, two at least"
        )
    if not np.isfinite(found).all() or np.ptp(found) == 0:
        raise ValueError("the scores must be finite and not all equal")
    origin = f"{data.name} {data.split}, {len(data)} images" + (
        ", synthetic" if data.synthetic else ""
    )
    if kind == "linear":
        return _linear(found, truth, origin)
    if kind == "quantile":
        return _quantile(found, truth, origin)
    raise ValueError(f"fitted calibrations are linear and quantile, found {kind!r}")


def _linear(found: Reals, truth: Reals, origin: str) -> Linear:
    away = found - found.mean()
    slope = float(away @ (truth - truth.mean()) / (away @ away))
    return Linear(
        slope=slope, intercept=float(truth.mean() - slope * found.mean()), fitted_on=origin
    )


def _quantile(found: Reals, truth: Reals, origin: str) -> Quantile:
    shares = np.linspace(0, 1, _KNOTS)
    knots, first = np.unique(np.quantile(found, shares), return_index=True)
    truths = np.quantile(truth, shares)[first]
    truths[-1] = truth.max()
    return Quantile(scores=tuple(knots.tolist()), truths=tuple(truths.tolist()), fitted_on=origin)


def save_calibration(calibration: Calibration, path: str | Path) -> None:
    """Write a calibration as JSON. Raises OutputError where that cannot be done."""
    text = json.dumps({"kind": calibration.kind} | asdict(calibration), indent=2) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def load_calibration(source: str | Path) -> Calibration:
    """Return `raw` or `ganalyze` by name, or a saved calibration.

    Raises:
        FileFormatError: no such file, or no calibration in it.
    """
    if source in {Raw.kind, Ganalyze.kind}:
        return _KINDS[str(source)]()
    try:
        content: dict[str, Any] = json.loads(Path(source).read_text(encoding="utf-8"))
        kind = _KINDS[content.pop("kind")]
        settings: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in content.items()}
        return kind(**settings)
    except OSError as error:
        raise FileFormatError(
            f"{source}: cannot be read ({error.strerror}); a calibration is raw, ganalyze or a saved file"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{source}: is no calibration of this tool ({error})") from error
