"""Pictures drawn from a seed, whose memorability depends on what a small net can see. Nothing here was measured.

A score is 0.755 + 0.27 (colourfulness - 1/2) + 0.27 (size - 1/2) + noise of 0.05, between 0.2 and 1, where both are
uniform over 0 to 1: colourfulness is how far the picture is from grey, size how much of it the one bright object takes.
Mean and spread are LaMem's (0.755, 0.12). The part that can be seen has a standard deviation of 0.11, so that nobody
can reach a rank correlation above about 0.9, and colourfulness alone gives about 0.65.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

CENTRE, SLOPE, NOISE, LEAST = 0.755, 0.27, 0.05, 0.2
SIDES = (96, 321)
COMMENT = "synthetic picture, not a photograph"

Plane = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a picture shows; equal numbers give equal pictures."""

    colourfulness: float
    size: float
    noise: float
    """Standard normal: what keeps the score from being read off the picture."""
    seed: tuple[int, int]

    @property
    def score(self) -> float:
        """The score that goes with the picture, 0.2 to 1."""
        seen = CENTRE + SLOPE * (self.colourfulness - 0.5) + SLOPE * (self.size - 0.5)
        return float(np.clip(seen + NOISE * self.noise, LEAST, 1))


def plan(index: int, seed: int, *, grey: bool = False) -> Drawing:
    """Return the drawing of a data set's picture; a grey one has no colour."""
    generator = np.random.default_rng([seed, index, 0])
    colourfulness, size = generator.uniform(0, 1, 2)
    noise = float(generator.standard_normal())
    return Drawing(
        colourfulness=0.0 if grey else colourfulness, size=size, noise=noise, seed=(seed, index)
    )


def draw(drawing: Drawing) -> Image:
    """Return the picture, RGB, with sides of 96 to 320."""
    from PIL import Image

    generator = np.random.default_rng([*drawing.seed, 1])
    height, width = map(int, generator.integers(*SIDES, 2))
    y, x = np.mgrid[0:height, 0:width]
    slope = generator.uniform(-0.5, 0.5, 2)
    light = 80 + 50 * (slope[0] * y / height + slope[1] * x / width)
    light = light + 110 * _object(generator, drawing.size, height, width)
    light += generator.normal(0, 6, light.shape)
    hue = generator.uniform(0, 2 * np.pi) + np.pi * x / width
    tints = np.stack([np.cos(hue + turn) for turn in (0, 2.1, 4.2)], axis=-1)
    pixels = light[:, :, None] + 70 * drawing.colourfulness * tints
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _object(generator: np.random.Generator, size: float, height: int, width: int) -> Plane:
    """Return 1 inside an ellipse or a box, 0 outside; it takes 2 to 50 parts of 100 of the picture."""
    y, x = np.mgrid[0:height, 0:width]
    radius = np.sqrt((0.02 + 0.48 * size) / np.pi)
    centre = generator.uniform(0.4, 0.6, 2)
    down, across = np.abs(y / height - centre[0]), np.abs(x / width - centre[1])
    box = generator.uniform() < 0.5
    away = np.maximum(down, across) * 2 / np.sqrt(np.pi) if box else np.hypot(down, across)
    inside: Plane = (away < radius).astype(np.float64)
    return inside
