"""C's rounding."""

from __future__ import annotations

from torch import Tensor


def _rounded(x: Tensor) -> Tensor:
    """Round as C does: halves away from zero."""
    whole = x.trunc()
    return whole + x.sign() * ((x - whole).abs() >= 0.5)
