"""`predict`: memorability scores of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from converter import Preprocess

from .crops import CROPS, Crops, Floats, crop
from .images import Source, read_image
from .preprocessing import preprocessing

if TYPE_CHECKING:
    from .model import MemNet

BATCH = 20  # arrays (N, 3, 227, 227) of 12 MB; blobs of about 100 MB


def predict(
    model: MemNet,
    images: Iterable[Source],
    crops: Crops = "center",
    *,
    preprocess: Preprocess | None = None,
) -> Floats:
    """Return the memorability of each image, float32 (N,): about 0 to 1, higher is better remembered.

    `images` are paths, PIL images, or H x W x 3 uint8 RGB arrays. `crops` is `center`, or `ten` for the average over
    the four corners, the centre and their mirror images. `preprocess` is by default the model's own (see `load`);
    where it has none, MemNet's with the channel means, and a DefaultMeanWarning. Scores are not clipped.

    Raises:
        FileFormatError: an image cannot be read.
        ValueError: `crops` is neither of the two.
    """
    if crops not in CROPS:
        raise ValueError(f"crops is {crops!r}; it may be {' or '.join(map(repr, CROPS))}")
    if isinstance(images, str | bytes):
        raise TypeError("images is one string; give a list of paths")
    rule = preprocess or vars(model).get("preprocess") or preprocessing()
    fed = (crop(rule, read_image(image), crops) for image in images)
    each = BATCH if crops == "center" else BATCH // 10
    scores = [_forward(model, group).mean(1) for group in _groups(fed, each)]
    return np.concatenate(scores or [np.empty(0)]).astype(np.float32)


def _groups(fed: Iterator[Floats], size: int) -> Iterator[tuple[Floats, ...]]:
    while group := tuple(islice(fed, size)):
        yield group


def _forward(model: MemNet, images: tuple[Floats, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return (images, crops) in float64; dropout is off whatever the model's mode is."""
    import torch

    parameter = next(model.parameters())
    training = model.training
    try:
        with torch.inference_mode():
            scores = model.eval()(torch.from_numpy(np.concatenate(images)).to(parameter))
    finally:
        model.train(training)
    found: np.ndarray[Any, np.dtype[np.float64]] = scores.double().cpu().numpy()
    return found.reshape(len(images), -1)
