"""DepthwiseConvolution (MobileNet forks): on a CPU exactly Convolution, whose `group` the text must give."""

from __future__ import annotations

from dataclasses import dataclass

from .convolution import Convolution


@dataclass(frozen=True, kw_only=True)
class DepthwiseConvolution(Convolution, type="DepthwiseConvolution"):
    """Convolution under another name."""
