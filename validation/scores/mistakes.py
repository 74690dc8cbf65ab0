"""The usual mistakes of feeding a net: `memnet.diagnosis.feedings`, another resize, crop or mean than the right one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, get_args

import numpy as np

from converter import Preprocess
from memnet.crops import Floats, ten_places
from memnet.diagnosis.feedings import DIVISOR, Feeding, every_crop, mistakes
from memnet.images import Pixels

from .score_file import CENTRE

if TYPE_CHECKING:
    from memnet.network import Rule

OFFSETS = 2
"""By how many pixels a centre crop may be off."""


def candidates(right: Rule) -> Iterator[Feeding]:
    """Yield the usual mistakes around a preprocessing that is right, alone and with the channels turned round."""
    usual = mistakes(right)
    yield from usual
    if not isinstance(right, Preprocess):
        return
    yield from _offset(right)
    yield from _resized_otherwise(right)
    yield from _mean_otherwise(right)
    yield Feeding(
        name="mirrored",
        says="crops that are mirrored",
        feed=lambda image: every_crop(right, image)[..., ::-1],
    )
    for feeding in usual:
        if feeding.name != "RGB":
            yield _turned(feeding)


def _offset(right: Preprocess) -> Iterator[Feeding]:
    """Yield centre crops off by a pixel or two; corners and mirror images as they should be."""
    for down in range(-OFFSETS, OFFSETS + 1):
        for across in range(-OFFSETS, OFFSETS + 1):
            if down or across:
                yield _moved(right, down, across)


def _moved(right: Preprocess, down: int, across: int) -> Feeding:
    most = max(abs(down), abs(across))
    other = {"pycaffe": "matlab", "matlab": "pycaffe"}[right.ten_crop]
    step = {"pycaffe": 1, "matlab": -1}[right.ten_crop]
    whose = f", which is {other}'s centre" if down == across == step else ""
    return Feeding(
        name=f"centre crop off by {'one' if most == 1 else most}",
        says=f"a centre crop that is off by {down} down and {across} across{whose}",
        feed=lambda image: _cut_moved(right, image, down, across),
    )


def _cut_moved(right: Preprocess, image: Pixels, down: int, across: int) -> Floats:
    whole = right.planes(image)
    top, left = right.centre(whole.shape)
    margins = right.margins(whole.shape)
    moved = (top + down, left + across)
    if not all(0 <= at <= most for at, most in zip(moved, margins, strict=True)):
        return right.cut(whole, top, left)[None]
    if not any(margins):
        return right.cut(whole, *moved)[None]
    places = (*ten_places(right, whole)[:CENTRE], moved)
    return np.stack(
        [right.cut(whole, *at, mirrored=mirrored) for mirrored in (False, True) for at in places]
    )


def _resized_otherwise(right: Preprocess) -> Iterator[Feeding]:
    from converter.resizing.resize import Rule as ResizeRule

    for name in get_args(ResizeRule):
        if name not in {right.rule, "opencv"}:
            yield Feeding(
                name=f"resized as {name}",
                says=f"pictures resized by the rule {name} instead of {right.rule}",
                feed=partial(every_crop, replace(right, rule=name)),
            )


def _mean_otherwise(right: Preprocess) -> Iterator[Feeding]:
    if right.mean is None:
        return
    mean = right.mean
    found = [
        ("mean in RGB", "a mean whose channels are in the order RGB", mean[::-1]),
        ("mean of 0...1", "a mean of 0...1 from pixels of 0...255", mean / DIVISOR),
    ]
    if mean.shape[1] == mean.shape[2] > 1:
        says = "a mean image whose height and width are changed about, as MATLAB keeps it"
        found.append(("mean transposed", says, mean.transpose(0, 2, 1)))
    for name, says, other in found:
        wrong = replace(right, mean=np.ascontiguousarray(other))
        yield Feeding(name=name, says=says, feed=partial(every_crop, wrong))
    yield Feeding(
        name="RGB, mean too",
        says="channels in the order RGB instead of BGR, the mean's as well",
        feed=lambda image: every_crop(right, image)[:, ::-1],
    )


def _turned(feeding: Feeding) -> Feeding:
    return Feeding(
        name=f"RGB, and {feeding.name}",
        says=f"channels in the order RGB instead of BGR, and {feeding.says}",
        feed=lambda image: feeding.feed(np.ascontiguousarray(image[:, :, ::-1])),
    )
