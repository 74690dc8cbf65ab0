"""Upsample: two layers of one name.

SegNet's and ENet's is here, with two bottoms: values go back to where a pooling's mask says they came from
(upsample_layer.cpp of alexgkendall/caffe-segnet). YOLO's, with one bottom, is in `nearest_upsample.py`.
The mask counts in the plane of the top, so a wrong width moves values without a word, in Caffe as here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..layer import Array, Arrays, Layer, header
from ..program import Bottom, Lowered, Shape, module
from ..shapes import require_axes, same_shapes
from .nearest_upsample import NearestUpsample

if TYPE_CHECKING:
    from protos import LayerParameter, UpsampleParameter


@dataclass(frozen=True, kw_only=True)
class Upsample(Layer, type="Upsample"):
    """Max unpooling to `size`, or to `scale` times the size less `crop`; all are (height, width)."""

    size: tuple[int, int] | None
    scale: tuple[int, int]
    crop: tuple[int, int]

    num_bottoms = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        if len(proto.bottom) == 1:
            return NearestUpsample.parse(proto)
        param = proto.upsample_param
        size = _size(param)
        scale = _scale(param)
        crop = (int(param.pad_out_h), int(param.pad_out_w))
        if size is None:
            _check(scale, crop)
        return cls(**header(proto), size=size, scale=scale, crop=crop)

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = require_axes(same_shapes(bottoms), 4)
        return ((*shape[:2], *self._sizes(shape)),)

    def _sizes(self, shape: Shape) -> tuple[int, int]:
        return self.size or (
            shape[2] * self.scale[0] - self.crop[0],
            shape[3] * self.scale[1] - self.crop[1],
        )

    def choices(self, bottoms: Sequence[Shape]) -> Mapping[int, int]:
        height, width = self._sizes(bottoms[0])
        return {1: height * width}

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        x, mask = bottoms
        height, width = self._sizes(x.shape)
        index = mask.astype(np.int64).reshape(*x.shape[:2], -1)
        if index.min() < 0 or index.max() >= height * width:
            raise InvalidNetError(
                f"mask has index {index.max()} for a plane of {height} x {width}; "
                f"check that the sizes match those before the pooling"
            )
        y = np.zeros((*x.shape[:2], height * width))
        for at, value in enumerate(
            np.moveaxis(x.reshape(index.shape), 2, 0)
        ):  # in order: last wins
            np.put_along_axis(y, index[:, :, at : at + 1], value[:, :, None], 2)
        return (y.reshape(*x.shape[:2], height, width),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        inputs = (Bottom(0), Bottom(1))
        if self.size is not None:
            return module("Unpool", size=self.size, inputs=inputs)
        crop = {"crop": self.crop} if any(self.crop) else {}
        return module("Unpool", scale=self.scale, inputs=inputs, **crop)


def _size(param: UpsampleParameter) -> tuple[int, int] | None:
    if not (param.HasField("upsample_h") and param.HasField("upsample_w")):
        return None
    if min(param.upsample_h, param.upsample_w) < 2:
        raise InvalidNetError(
            f"upsample_h {param.upsample_h} and upsample_w {param.upsample_w} must be greater than 1"
        )
    return param.upsample_h, param.upsample_w


def _scale(param: UpsampleParameter) -> tuple[int, int]:
    given = param.HasField("scale_h"), param.HasField("scale_w")
    if any(given) and (not all(given) or param.HasField("scale")):
        raise InvalidNetError(
            "needs either upsample_h and upsample_w, or scale, or scale_h and scale_w"
        )
    return (param.scale_h, param.scale_w) if all(given) else (param.scale, param.scale)


def _check(scale: tuple[int, int], crop: tuple[int, int]) -> None:
    if min(scale) < 2:
        raise InvalidNetError(f"scale {scale} must be greater than 1")
    for factor, cut in zip(scale, crop, strict=True):
        if cut and factor != 2:
            raise InvalidNetError(f"pad_out needs scale 2, found scale {scale}")
