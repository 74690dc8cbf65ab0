"""`predict`: memorability scores of images."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converter.errors import context
from converter.preprocess import TenCrop
from converter.resizing.resize import Rule as ResizeRule

from .calibration import Calibration, load_calibration
from .crops import Crops, Floats
from .images import Source, is_tensor, read_image
from .network import BATCH, Network, Rule
from .preprocessing import overridden, preprocessing
from .runs.ordered import in_order, slices

if TYPE_CHECKING:
    import torch


def predict(
    model: torch.nn.Module,
    images: Iterable[Source],
    crops: Crops = "center",
    *,
    preprocess: Rule | None = None,
    resize: ResizeRule | None = None,
    ten_crop: TenCrop | None = None,
    calibration: str | Path | Calibration = "raw",
    batch_size: int = BATCH,
    workers: int = 0,
    fast: bool = False,
) -> Floats:
    """Return the memorability of each image, float32 (N,): about 0 to 1, higher is better remembered.

    `model` is what `load` or `load_resmem` returned, on any device. `images` are paths, bytes of files, PIL images,
    uint8 RGB arrays (H, W, 3) or uint8 RGB tensors (3, H, W), in a list or, arrays and tensors, in a stack. `crops` is
    `center`, or `ten` for the average over the four corners, the centre and their mirror images.

    `preprocess` is by default the model's own; where it has none, MemNet's with the channel means, and a
    DefaultMeanWarning. `resize` and `ten_crop` change whose resizing and whose ten crops it has
    (docs/preprocessing.md). `calibration` is `raw`, `ganalyze`, the path of a saved one or a
    `memnet.calibration.Calibration`; but for it, scores are not clipped.

    `batch_size` counts crops. `workers` threads prepare images while the model computes. `fast` takes the model's
    checked faster twin (`memnet.networks.fast`), which pays from some hundred images on.

    Raises:
        FileFormatError: an image or a calibration cannot be read.
        InvalidNetError: an unknown `resize` or `ten_crop`, or one of either for ResMem.
        TypeError: `images` is a single image, or something in it is none.
        ValueError: `crops`, `batch_size` or `workers` is out of range.
    """
    _check_many(images)
    if workers < 0:
        raise ValueError(f"workers is {workers}; it must be at least 0")
    rule = preprocess or vars(model).get("preprocess") or preprocessing()
    network = Network(
        model=model,
        rule=overridden(rule, resize=resize, ten_crop=ten_crop),
        crops=crops,
        batch_size=batch_size,
        fast=fast,
        calibration=calibration
        if isinstance(calibration, Calibration)
        else load_calibration(calibration),
    )
    size = network.pictures_at_once
    fed = in_order(partial(_fed, network), enumerate(images), workers=workers, ahead=2 * size)
    scores = [network.run(group).scores for group in slices(fed, size)]
    return np.concatenate(scores or [np.empty(0, np.float32)])


def _check_many(images: Any) -> None:
    """Refuse a single image, which might be taken for a list of its rows."""
    if isinstance(images, str | bytes):
        raise TypeError("images is one string; give a list of paths")
    if (isinstance(images, np.ndarray) or is_tensor(images)) and images.ndim in {2, 3}:
        raise TypeError(
            f"images is one array of shape {tuple(images.shape)}; give a list of images, or a stack of them: "
            "an array (N, height, width, 3) or a tensor (N, 3, height, width)"
        )
    if not isinstance(images, Iterable):
        raise TypeError(f"images is one {type(images).__name__}; give a list of images")


def _fed(network: Network, numbered: tuple[int, Source]) -> Floats:
    at, image = numbered
    if isinstance(image, str | Path):
        return network.fed(read_image(image))
    with context(f"images[{at}]"):
        return network.fed(read_image(image))
