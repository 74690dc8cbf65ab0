"""`predict`: memorability scores of images."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .crops import Crops, Floats
from .images import Source, read_image
from .network import BATCH, Network, Rule
from .ordered import in_order, slices
from .preprocessing import preprocessing

if TYPE_CHECKING:
    import torch


def predict(
    model: torch.nn.Module,
    images: Iterable[Source],
    crops: Crops = "center",
    *,
    preprocess: Rule | None = None,
    batch_size: int = BATCH,
    workers: int = 0,
    fast: bool = False,
) -> Floats:
    """Return the memorability of each image, float32 (N,): about 0 to 1, higher is better remembered.

    `model` is what `load` or `load_resmem` returned, on any device. `images` are paths, bytes of files, PIL images,
    H x W x 3 uint8 RGB arrays, or uint8 tensors (3, H, W) RGB. `crops` is `center`, or `ten` for the average
    over the four corners, the centre and their mirror images. `preprocess` is by default the model's own; where it has
    none, MemNet's with the channel means, and a DefaultMeanWarning. `batch_size` counts crops. `workers` threads
    prepare images while the model computes. `fast` takes the model's checked faster twin (`memnet.fast`), which pays
    from some hundred images on. Scores are not clipped.

    Raises:
        FileFormatError: an image cannot be read.
        ValueError: `crops` or `batch_size` is out of range.
    """
    if isinstance(images, str | bytes):
        raise TypeError("images is one string; give a list of paths")
    rule = preprocess or vars(model).get("preprocess") or preprocessing()
    network = Network(model=model, rule=rule, crops=crops, batch_size=batch_size, fast=fast)
    size = network.pictures_at_once
    fed = in_order(partial(_fed, network), images, workers=workers, ahead=2 * size)
    scores = [network.run(group).scores for group in slices(fed, size)]
    return np.concatenate(scores or [np.empty(0, np.float32)])


def _fed(network: Network, image: Source) -> Floats:
    return network.fed(read_image(image))
