"""Silence: takes blobs so that they are no outputs of the net (silence_layer.cpp)."""

from __future__ import annotations

from dataclasses import dataclass

from ..families.sink import Sink


@dataclass(frozen=True, kw_only=True)
class Silence(Sink, type="Silence"):
    """Any number of bottoms, no code."""
