"""One model on several splits of a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from .results import Splits


def over_splits(rhos: Sequence[float | None]) -> Splits:
    """Return mean and standard deviation of what is defined among one correlation for each split.

    Raises:
        ValueError: NaN or infinity.
    """
    values = tuple(None if rho is None else float(rho) for rho in rhos)
    defined = [rho for rho in values if rho is not None]
    if not all(map(math.isfinite, defined)):
        raise ValueError("a correlation is NaN or infinite; one that is undefined is None")
    return Splits(
        values=values,
        mean=fmean(defined) if defined else None,
        sd=stdev(defined) if len(defined) > 1 else None,
    )
