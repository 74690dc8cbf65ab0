"""How a network can be fed: rightly, and the mistakes that scripts around Caffe and ResMem make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converter import Preprocess
from converter.preprocess import TenCrop
from converter.resizing.resize import Rule as ResizeRule

from ..crops import Floats, crop, ten
from ..images import Pixels
from ..networks.resmem_preprocess import ResMemPreprocess
from ..preprocessing import CHANNEL_MEANS, CROP, SIZE

RIGHT = "as it should be"
OTHER_CENTRES = {
    "pycaffe": (
        "MATLAB's centre",
        "the central crop at 15 of a margin of 29, as MATLAB's demo has it",
    ),
    "matlab": ("pycaffe's centre", "the central crop at 14 of a margin of 29, as pycaffe has it"),
}
"""By whose ten crops the right feeding has: the other middle, which is right, too, and gives other scores."""
ALL_RIGHT = frozenset({RIGHT, *(name for name, _ in OTHER_CENTRES.values())})

DIVISOR = np.float32(255)

IMAGENET_PIXEL = (104, 117, 123)
"""BGR of 0..255, in BVLC's prototxts; scripts for MemNet took it over."""
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""RGB of 0..1, as torchvision's classifiers are fed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Feeding:
    """One way from a picture to what the net is fed."""

    name: str
    says: str
    """What it does, after "the net was fed ..."."""
    feed: Callable[[Pixels], Floats]
    """H x W x 3 uint8 RGB -> (10, 3, height, width), the centre at 4; or (1, ...) where there are no ten crops."""


def feedings(rule: Preprocess | ResMemPreprocess) -> tuple[Feeding, ...]:
    """Return the right feeding of the net that `rule` is for, then the mistakes, and of MemNet the other centre."""
    if isinstance(rule, ResMemPreprocess):
        return _of_resmem(rule)
    right = as_it_should_be(rule)
    return (*_of_caffe(right), _imagenet_pixel(right), _other_centre(right))


def mistakes(right: Preprocess | ResMemPreprocess) -> tuple[Feeding, ...]:
    """Return the mistakes alone, around a preprocessing that is right as it is, whatever net it is for.

    Some are none where `right` subtracts no mean, or where no picture is shrunk.
    """
    found = _of_resmem(right) if isinstance(right, ResMemPreprocess) else _of_caffe(right)
    return found[1:]


def as_it_should_be(rule: Preprocess) -> Preprocess:
    """Return MemNet's own preprocessing with the mean of `rule`, or the channel means where it subtracts none.

    A resize by Pillow stays, which smooths as MATLAB's does.
    """
    channels = np.array(CHANNEL_MEANS, np.float32).reshape(3, 1, 1)
    return replace(
        rule,
        resize=SIZE,
        crop=CROP,
        rule="pil" if rule.rule == "pil" else "matlab",
        channel_order="BGR",
        scale=1.0,
        mean=channels if rule.mean is None else rule.mean,
    )


def _imagenet_pixel(right: Preprocess) -> Feeding:
    pixel = np.array(IMAGENET_PIXEL, np.float32).reshape(3, 1, 1)
    says = "less 104, 117, 123, the mean pixel of Caffe's ImageNet nets"
    return _feeding("ImageNet's mean pixel", says, replace(right, mean=pixel))


def _other_centre(right: Preprocess) -> Feeding:
    other: TenCrop = "matlab" if right.ten_crop == "pycaffe" else "pycaffe"
    return _feeding(*OTHER_CENTRES[right.ten_crop], replace(right, ten_crop=other))


def _of_caffe(right: Preprocess) -> tuple[Feeding, ...]:
    meanless = replace(right, mean=None)
    found = [
        _feeding(RIGHT, "BGR of 0...255, resized to 256 x 256, less the mean", right),
        Feeding(
            name="0...1, no mean",
            says="pixels of 0...1 instead of 0...255, and no mean subtracted",
            feed=lambda image: every_crop(meanless, _unit(image)),
        ),
        Feeding(
            name="0...1 less the mean",
            says="pixels of 0...1 instead of 0...255 (pycaffe without raw_scale = 255), less a mean of 0...255",
            feed=lambda image: every_crop(right, _unit(image)),
        ),
        Feeding(
            name="0...1, mean too",
            says="pixels and mean of 0...1 instead of 0...255",
            feed=lambda image: every_crop(right, image) / DIVISOR,
        ),
        Feeding(
            name="RGB",
            says="channels in the order RGB instead of BGR",
            feed=lambda image: every_crop(right, image[:, :, ::-1]),
        ),
        _feeding("no mean", "no mean subtracted", meanless),
    ]
    if right.mean is not None and right.mean.shape[1:] != (1, 1):
        pixel = replace(right, mean=right.mean.mean((1, 2), keepdims=True))
        found.append(_feeding("mean pixel", "less one mean pixel instead of the mean image", pixel))
    if right.resize not in {None, right.crop}:
        (height, width), whole = right.crop, right.resize or right.crop
        squeezed = Feeding(
            name=f"resized to {height}",
            says=f"the whole picture resized to {height} x {width} instead of the centre of {whole[0]} x {whole[1]}",
            feed=lambda image: crop(squashed(right), image),
        )
        found.append(squeezed)
    found.append(
        _feeding(
            "no antialias",
            "pictures shrunk without smoothing (as cv2.resize does)",
            replace(right, rule="opencv"),
        )
    )
    return tuple(found)


def squashed(right: Preprocess) -> Preprocess:
    """Return the preprocessing that resizes straight to the net's input; of a mean image, the centre."""
    mean = right.mean
    if mean is not None and mean.shape[1:] == right.resize:
        top, left = right.centre(mean.shape)
        mean = mean[:, top : top + right.crop[0], left : left + right.crop[1]]
    return replace(right, resize=right.crop, mean=mean)


def _of_resmem(right: ResMemPreprocess) -> tuple[Feeding, ...]:
    def changed(name: str, says: str, change: Callable[[Floats], Floats]) -> Feeding:
        return Feeding(name=name, says=says, feed=lambda image: change(right.crops(image, "ten")))

    return (
        changed(RIGHT, "RGB of 0...1, resized to 256 x 256", lambda fed: fed),
        changed("0...1 over 255", "pixels divided by 255 twice", lambda fed: fed / DIVISOR),
        changed("0...255", "pixels of 0...255 instead of 0...1", lambda fed: fed * DIVISOR),
        changed("BGR", "channels in the order BGR instead of RGB", lambda fed: fed[:, ::-1].copy()),
        changed("ImageNet mean", "less ImageNet's mean, over its deviation", _normalised),
        Feeding(
            name="resized to 227",
            says="the whole picture resized to 227 x 227 instead of the centre of 256 x 256",
            feed=lambda image: _plain("pil", CROP)(image)[None] / DIVISOR,
        ),
        Feeding(
            name="no antialias",
            says="pictures shrunk without smoothing (as cv2.resize does)",
            feed=lambda image: crop(_plain("opencv", SIZE), image, "ten") / DIVISOR,
        ),
    )


def _feeding(name: str, says: str, rule: Preprocess) -> Feeding:
    return Feeding(name=name, says=says, feed=lambda image: every_crop(rule, image))


def every_crop(rule: Preprocess, image: np.ndarray[Any, Any]) -> Floats:
    """Return the ten crops; of a picture that is fed whole, which leaves no room for them, that one."""
    whole = rule.planes(image)
    if any(rule.margins(whole.shape)):
        return ten(rule, whole)
    return rule.cut(whole, *rule.centre(whole.shape))[None]


def _plain(rule: ResizeRule, size: tuple[int, int]) -> Preprocess:
    return Preprocess(crop=CROP, resize=size, rule=rule, channel_order="RGB")


def _unit(image: Pixels) -> Floats:
    """Return what caffe.io.load_image and skimage give: floats of 0..1."""
    return image.astype(np.float32) / DIVISOR


def _normalised(fed: Floats) -> Floats:
    mean, deviation = (
        np.array(each, np.float32).reshape(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_DEVIATION)
    )
    return (fed - mean) / deviation
