"""Bins of regions, for the two poolings of regions."""

from __future__ import annotations

from torch import Tensor


def _spans(begin: Tensor, end: Tensor, size: int) -> list[list[tuple[int, int]]]:
    """Return the (begin, end) of each bin of each region, clipped to the plane."""
    edges = begin.clamp(0, size).long().tolist(), end.clamp(0, size).long().tolist()
    return [list(zip(*region, strict=True)) for region in zip(*edges, strict=True)]
