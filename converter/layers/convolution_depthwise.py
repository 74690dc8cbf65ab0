"""ConvolutionDepthwise (ShuffleNet forks, Tiny-DSOD; conv_dw_layer.cpp): one filter for each channel.

`num_output` and `group` of the text are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from .convolution import Convolution


@dataclass(frozen=True, kw_only=True)
class ConvolutionDepthwise(Convolution, type="ConvolutionDepthwise"):
    """Convolution with as many groups and outputs as there are channels."""

    num_bottoms = (1, 1)
    num_tops = (1, 1)

    def outputs(self, channels: int) -> int:
        return channels

    def groups(self, channels: int) -> int:
        return channels
