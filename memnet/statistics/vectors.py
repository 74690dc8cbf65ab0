"""One-dimensional sequences, checked, in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Vector = np.ndarray[Any, np.dtype[np.float64]]


def vectors(**given: ArrayLike) -> tuple[Vector, ...]:
    """Return each as float64 (N,). Raises ValueError with a sentence that names the one at fault."""
    found = {name: _vector(name, values) for name, values in given.items()}
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{length:,} {name}" for name, length in lengths.items())
        raise ValueError(f"one number is needed for each image, found {told}")
    return tuple(found.values())


def _vector(name: str, values: ArrayLike) -> Vector:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise ValueError(
            f"{name} must be one-dimensional and hold a number at least, found {found.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad):,} of {len(found):,} are NaN or infinite, the first at {bad[0]}; leave these images out"
        )
    return found


def constant(values: Vector) -> bool:
    """Tell whether all are equal, for which neither a correlation nor a slope is defined."""
    return bool(values.min() == values.max())
