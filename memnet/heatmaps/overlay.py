"""A memorability map as a picture: colours over the greyed photograph, with a scale beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .heatmap import strips

if TYPE_CHECKING:
    from PIL.Image import Image

    from .heatmap import Heatmap

Colours: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Values: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]

# Nine points of viridis, the colour map of Smith and van der Walt (2015), whose lightness rises evenly: RGB of 0..255.
VIRIDIS = (
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
)

OPACITY = 0.55
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601
BAR = 16
"""Width of the scale, and the gap before it, in pixels."""
LABEL = 64
"""Room for its numbers."""


def overlay(found: Heatmap, label: str = "") -> Image:
    """Return the map over its picture, and beside it the scale with the least and the greatest score.

    `label` is a word on the model, which stands between the two.
    """
    from PIL import Image, ImageDraw

    least, greatest = float(found.scores.min()), float(found.scores.max())
    mixed = blend(found)
    height, width = mixed.shape[:2]
    canvas = Image.new("RGB", (width + 2 * BAR + LABEL, max(height, 2 * BAR)), "white")
    canvas.paste(Image.fromarray(mixed), (0, 0))
    scale = colours(np.linspace(1, 0, canvas.height))[:, None].repeat(BAR, axis=1)
    canvas.paste(Image.fromarray(scale.round().astype(np.uint8)), (width + BAR, 0))
    draw = ImageDraw.Draw(canvas)
    texts = (f"{greatest:.4f}", label, f"{least:.4f}")
    for y, text in zip((1, canvas.height // 2 - 6, canvas.height - 13), texts, strict=True):
        draw.text((width + 2 * BAR + 4, y), text, fill="black")
    return canvas


def blend(found: Heatmap) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return (height, width, 3) uint8 RGB: the greyed picture below the map, whose range fills the colours."""
    least, greatest = found.scores.min(), found.scores.max()
    pixels = np.empty(found.image.shape, np.uint8)
    for rows in strips(*found.scores.shape):
        share = (found.scores[rows] - least) / (greatest - least if greatest > least else 1)
        grey = (found.image[rows] @ np.array(GREY))[:, :, None]
        pixels[rows] = ((1 - OPACITY) * grey + OPACITY * colours(share)).round()
    return pixels


def colours(share: Values) -> Colours:
    """Return RGB of 0..255 along a new last axis, for shares of 0..1."""
    points = np.linspace(0, 1, len(VIRIDIS))
    return np.stack([np.interp(share, points, plane) for plane in zip(*VIRIDIS, strict=True)], -1)
