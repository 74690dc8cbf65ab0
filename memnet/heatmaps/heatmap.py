"""`heatmap`: where in a picture its memorability lies, in the manner of MemNet's paper.

The paper (Khosla et al. 2015) scales the picture up, applies MemNet to overlapping regions by making it fully
convolutional (a picture of 451 x 451 gives 8 x 8 scores), does so at several scales, and averages the maps. It does
not say which scales, how maps of different sizes are brought together, or how the mean image is fitted to a larger
picture. Here these are: SIZES, bilinear between the cells' centres, and the mean image's average pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter import Preprocess
from converter.errors import InvalidNetError

from ..images import Pixels, Source, read_image
from ..preprocessing import preprocessing
from .convolutional import fully_convolutional

if TYPE_CHECKING:
    from torch import nn

WINDOW = 227
"""Pixels that a cell sees, and the least size."""
STRIDE = 32
"""Pixels between cells: conv1, pool1, pool2 and pool5 step by 4, 2, 2 and 2."""
LARGEST = WINDOW + 100 * STRIDE
"""A picture of this side takes 3 GB in the net."""
SIZES = (291, 355, 451, 579)
"""Sides to which the picture is resized; they give 3, 5, 8 and 12 cells a side. The third is the paper's."""

STRIP = 1 << 20

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Doubles: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Heatmap:
    """A memorability map of a picture."""

    image: Pixels
    """(height, width, 3) uint8 RGB: the picture."""
    scores: Floats
    """(height, width) float32: the average over the scales, in the units of a score (about 0 to 1)."""
    cells: dict[int, Floats]
    """Side of the resized picture -> the scores of its windows, (cells, cells) float32."""


def heatmap(
    model: nn.Module,
    image: Source,
    *,
    sizes: Sequence[int] = SIZES,
    preprocess: Preprocess | None = None,
) -> Heatmap:
    """Return where in a picture MemNet sees memorability.

    `model` is a MemNet (see `load`); `preprocess` by default its own. Its resize rule, channel order and scale are
    used; of its mean, the average pixel. The picture is resized to a square, as for a score.

    Raises:
        FileFormatError: the image cannot be read.
        InvalidNetError: a size is not 227 + 32 k.
        WeightsError: the model is not MemNet.
    """
    _check_sizes(sizes)
    pixels = read_image(image)
    rule = preprocess or vars(model).get("preprocess") or preprocessing()
    net = fully_convolutional(model)
    cells = {size: _cells(net, resized_rule(rule, size)(pixels)) for size in sizes}
    return Heatmap(image=pixels, scores=_averaged(cells, pixels.shape[:2]), cells=cells)


def _check_sizes(sizes: Sequence[int]) -> None:
    known = range(WINDOW, LARGEST + 1, STRIDE)
    if not sizes or any(size not in known for size in sizes):
        raise InvalidNetError(
            f"sizes are {', '.join(map(str, sizes)) or 'none'}; each must be {WINDOW} + {STRIDE} k, "
            f"so that every window is whole: {', '.join(map(str, known[:13]))}, ... {LARGEST}"
        )


def resized_rule(rule: Preprocess, size: int) -> Preprocess:
    """Return the preprocessing for another size, without a crop, and with the mean's average pixel."""
    mean = None if rule.mean is None else rule.mean.mean((1, 2), keepdims=True)
    return replace(rule, crop=(size, size), resize=(size, size), mean=mean)


def _cells(net: nn.Module, fed: Floats) -> Floats:
    import torch

    from ..device import plain_float32

    parameter = next(net.parameters())
    with torch.inference_mode(), plain_float32():
        scores = net(torch.from_numpy(fed[None]).to(parameter))[0, 0]
    found: Floats = scores.float().cpu().numpy()
    return found


def _averaged(cells: dict[int, Floats], shape: tuple[int, int]) -> Floats:
    """Return the scores at every pixel of the picture: linear between the centres of the windows, level beyond."""
    height, width = shape
    sides = [
        (
            _interpolation(height, len(found), size),
            found @ _interpolation(width, len(found), size).T,
        )
        for size, found in cells.items()
    ]
    scores = np.empty(shape, np.float32)
    for rows in strips(height, width):
        scores[rows] = np.mean([down[rows] @ across for down, across in sides], axis=0)
    return scores


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield slices of rows, together all, of about STRIP pixels: a picture is never in float64 as a whole."""
    step = max(1, STRIP // width)
    yield from (slice(top, top + step) for top in range(0, height, step))


def _interpolation(pixels: int, count: int, size: int) -> Doubles:
    """Return the (pixels, count) weights of the cells along one axis of the picture."""
    at = (np.arange(pixels) + 0.5) * (size / pixels)  # in the resized picture
    place = (at - WINDOW / 2) / STRIDE
    return np.stack([np.interp(place, np.arange(count), row) for row in np.eye(count)], axis=1)
