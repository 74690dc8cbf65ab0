"""What the validation images say after an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import TrainingError


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Figures of one epoch; `loss` is the mean training loss over it."""

    epoch: int
    """From 1."""
    step: int
    loss: float
    mse: float
    spearman: float | None
    """None where all scores are equal."""
    sd: float
    """Standard deviation of the scores."""


def judged(
    scores: Sequence[float], truth: Sequence[float], *, epoch: int, step: int, loss: float
) -> Validation:
    """Return the figures. Raises TrainingError where a score is no number."""
    import numpy as np

    from ..statistics import spearman

    found, wanted = np.asarray(scores, np.float64), np.asarray(truth, np.float64)
    if not np.isfinite(found).all():
        raise TrainingError(
            f"a score of a validation image is {found[~np.isfinite(found)][0]} after epoch {epoch}; "
            "lower optimizer.lr, or set training.clip"
        )
    return Validation(
        epoch=epoch,
        step=step,
        loss=loss,
        mse=float(np.mean((found - wanted) ** 2)),
        spearman=spearman(found, wanted),
        sd=float(found.std()),
    )
