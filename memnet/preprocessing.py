"""What an image goes through before MemNet, as its authors' Caffe code does it.

Resize to 256 x 256 (MATLAB's bilinear imresize; the aspect ratio is not kept), channels to BGR, values 0 to 255, less
the mean, the central 227 x 227. (BVLC's classification_demo, prepare_image, which MemNet's page refers to.)

The ten crops are pycaffe's unless MATLAB's are asked for: the same four corners, and a centre one pixel away.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converter import Preprocess, load_mean
from converter.errors import InvalidNetError
from converter.preprocess import TenCrop
from converter.resizing.resize import Rule as ResizeRule

if TYPE_CHECKING:
    from .network import Rule

SIZE = (256, 256)
CROP = (227, 227)

# Averages over the pixels of MemNet's own mean image, BGR, of 0..255.
CHANNEL_MEANS = (104.92, 114.78, 118.36)


class DefaultMeanWarning(UserWarning):
    """MemNet's channel means stand in for its mean image, which was not given."""


def preprocessing(
    mean: str | Path | np.ndarray[Any, Any] | None = None, *, ten_crop: TenCrop = "pycaffe"
) -> Preprocess:
    """Return MemNet's preprocessing with a mean: a file, or an array (3, 256, 256), (3, 227, 227) or (3, 1, 1), BGR.

    Without one, the channel means of MemNet's mean image are subtracted, with a DefaultMeanWarning.

    Raises:
        FileFormatError: the file is no mean.
        InvalidNetError: the mean has another shape.
    """
    if mean is None:
        warnings.warn(
            f"no mean image is given; MemNet's channel means {CHANNEL_MEANS} (BGR) are subtracted instead, "
            "which changes scores a little; give mean= (or --mean)",
            DefaultMeanWarning,
            stacklevel=2,
        )
        array = np.array(CHANNEL_MEANS, np.float32).reshape(3, 1, 1)
    elif isinstance(mean, str | Path):
        array = load_mean(mean)
    else:
        array = np.asarray(mean, np.float32)
    _check_channels(array)
    return Preprocess(
        crop=CROP, resize=SIZE, rule="matlab", channel_order="BGR", mean=array, ten_crop=ten_crop
    )


def overridden(
    rule: Rule, *, resize: ResizeRule | None = None, ten_crop: TenCrop | None = None
) -> Rule:
    """Return a preprocessing with another rule of resizing or other ten crops, where they are given.

    Raises:
        InvalidNetError: an unknown name, or a preprocessing that has neither to choose, such as ResMem's.
    """
    chosen: dict[str, Any] = {"rule": resize, "ten_crop": ten_crop}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    if not chosen:
        return rule
    if not isinstance(rule, Preprocess):
        raise InvalidNetError(
            "ResMem is fed in one way alone; leave out the rule of resizing and the kind of ten crops"
        )
    return replace(rule, **chosen)


def _check_channels(mean: np.ndarray[Any, Any]) -> None:
    if mean.ndim != 3 or mean.shape[0] != 3:
        raise InvalidNetError(
            f"the mean has shape {mean.shape}; MemNet's is (3, 256, 256) or (3, 1, 1), channels first, BGR"
        )
