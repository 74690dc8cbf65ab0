"""`palette`: a segmenter of our own that needs no weights. It segments colours, not objects: for tests and trials.

Its 13 classes are the greys from black to white and eight hues, as many as the segmenter of the published TripleMem
has categories; every pixel of the picture, averaged over 4 x 4, belongs to the nearest of them in RGB.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb

import torch
from torch import Tensor, nn

GREYS, HUES = 5, 8
SATURATION, VALUE = 0.6, 0.7
"""Of the eight hues: where muted colours are told from grey and from vivid ones alike."""
SHARPNESS = 50.0
"""Logits are -50 |x - colour|^2: where two classes are a grey step apart, half a step decides by e^1.6."""
CELL = 4


class Palette(nn.Module):
    """(N, 3, H, W) in 0..1 -> (N, 13, H / 4, W / 4)."""

    num_classes = GREYS + HUES
    stride: int | None = None

    def __init__(self) -> None:
        super().__init__()
        colours = torch.tensor(_colours())  # -|x - c|^2 = 2 c x - |c|^2 + what is equal for all
        self.average = nn.AvgPool2d(CELL, ceil_mode=True)
        self.nearest = nn.Conv2d(3, len(colours), 1)
        with torch.no_grad():
            self.nearest.weight.copy_(2 * SHARPNESS * colours[:, :, None, None])
            self.nearest.bias.copy_(-SHARPNESS * colours.square().sum(1))  # type: ignore[union-attr]

    def forward(self, data: Tensor) -> Tensor:
        """Return the logits."""
        out: Tensor = self.nearest(self.average(data))
        return out


def palette() -> Palette:
    """Return the segmenter of 13 colours."""
    return Palette()


def _colours() -> list[tuple[float, ...]]:
    greys = [(at / (GREYS - 1),) * 3 for at in range(GREYS)]
    return [*greys, *(hsv_to_rgb(at / HUES, SATURATION, VALUE) for at in range(HUES))]
