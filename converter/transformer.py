"""A caffe.io.Transformer's settings as a `Preprocess` (python/caffe/io.py, python/caffe/classifier.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import InvalidNetError
from .preprocess import ChannelOrder, Floats, Preprocess
from .resizing.resize import resize

_ORDERS: dict[tuple[int, ...], ChannelOrder] = {(0, 1, 2): "RGB", (2, 1, 0): "BGR", (0,): "GRAY"}


def from_transformer(
    net_size: tuple[int, int],
    *,
    image_dims: tuple[int, int] | None = None,
    transpose: Sequence[int] | None = (2, 0, 1),
    channel_swap: Sequence[int] | None = None,
    raw_scale: float | None = None,
    mean: np.ndarray[Any, Any] | None = None,
    input_scale: float | None = None,
    channels: int = 3,
) -> Preprocess:
    """Return the Preprocess that feeds a net what a caffe.io.Transformer does, from an image of 0..255.

    pycaffe computes (image * raw_scale - mean) * input_scale on load_image's 0..1; here the image is 0..255, so the
    mean and the scale carry the factor between. `net_size` is (height, width) of the net's input. `image_dims` is the
    Classifier's, the size before the crop; without it the picture is resized to the net's. `mean` is (C,), (H, W) or
    (C, H, W), in the net's channel order; an image of another size is resized to the net's, as `set_mean` does.

    Raises:
        InvalidNetError: an order of axes or channels that no picture has, or a mean of another shape.
    """
    order = _ORDERS.get(tuple(channel_swap or range(channels)))
    if order is None or (transpose is not None and tuple(transpose) != (2, 0, 1)):
        raise InvalidNetError(
            f"a picture's transpose is (2, 0, 1) and its channel_swap (2, 1, 0) or none, "
            f"found {transpose} and {channel_swap}"
        )
    raw = 1.0 if raw_scale is None else float(raw_scale)
    if raw == 0:
        raise InvalidNetError("raw_scale is 0; nothing of the picture would be left")
    return Preprocess(
        crop=net_size,
        resize=image_dims or net_size,
        rule="skimage-legacy",
        channel_order=order,
        mean=None
        if mean is None
        else _mean(np.asarray(mean), net_size, channels) * np.float32(255 / raw),
        scale=(1.0 if input_scale is None else input_scale) * raw / 255,
    )


def _mean(mean: np.ndarray[Any, Any], size: tuple[int, int], channels: int) -> Floats:
    """Return (C, 1, 1) or (C, *size), as Transformer.set_mean takes a mean."""
    if mean.shape == (channels,):
        return mean.astype(np.float32)[:, None, None]
    planes = mean[None] if mean.ndim == 2 else mean
    if planes.ndim != 3 or planes.shape[0] != channels:
        raise InvalidNetError(
            f"the mean has shape {mean.shape}; the net's input has {channels} channels"
        )
    if planes.shape[1:] in {size, (1, 1)}:
        return planes.astype(np.float32)
    pixels = planes.transpose(1, 2, 0).astype(np.float32)
    return np.ascontiguousarray(resize(pixels, size, "skimage-legacy").transpose(2, 0, 1))
