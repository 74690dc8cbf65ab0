"""Proposal: regions of a region proposal network, decoded, clipped and suppressed (caffe-windows' proposal_layer.cpp).

`scale` is in pixels here: an anchor is about `scale` wide. Boxes under `min_size` stay, with score 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.detection import suppress
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Proposal(Layer, type="Proposal"):
    """Bottoms: scores (N, 2 A, H, W), deltas (N, 4 A, H, W), the image's h, w, scale_h, scale_w.

    Tops: regions (R, 5) of image, x1, y1, x2, y2, and their scores. R depends on the data.
    """

    feat_stride: int
    base_size: int
    min_size: int
    ratios: tuple[float, ...]
    scales: tuple[float, ...]
    pre_nms_topn: int
    post_nms_topn: int
    nms_thresh: float

    num_bottoms = (3, 3)
    jumps = True
    num_tops = (1, 2)
    restrictions = (
        "among equal scores the order is Caffe's own quicksort's, here the first comes first"
    )

    @classmethod
    def parse(cls, proto: LayerParameter) -> Proposal:
        param = proto.proposal_param
        for what, count in (
            ("ratios", len(param.ratio)),
            ("scales", len(param.scale)),
            ("base_size", param.base_size),
            ("post_nms_topn", param.post_nms_topn),
        ):
            if count < 1:
                raise InvalidNetError(f"has {count} {what}; there must be at least 1")
        return cls(
            **header(proto),
            feat_stride=param.feat_stride,
            base_size=param.base_size,
            min_size=param.min_size,
            ratios=tuple(map(number, param.ratio)),
            scales=tuple(map(number, param.scale)),
            pre_nms_topn=param.pre_nms_topn,
            post_nms_topn=param.post_nms_topn,
            nms_thresh=number(param.nms_thresh),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        anchors = len(self.ratios) * len(self.scales)
        batch, _, *sizes = require_axes(bottoms[0], 4)
        for index, channels in enumerate((2 * anchors, 4 * anchors)):
            if bottoms[index] != (batch, channels, *sizes):
                raise InvalidNetError(
                    f"bottom {index} has shape {bottoms[index]}; {anchors} anchors need "
                    f"{(batch, channels, *sizes)}"
                )
        if prod(bottoms[2]) < 4:
            raise InvalidNetError(
                f"bottom 2 has shape {bottoms[2]}; this layer reads h, w, scale_h and scale_w from it"
            )
        count = batch * self.post_nms_topn
        return ((count, 5), (count,))[: len(self.tops)]

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        confidence, deltas, info = bottoms
        regions, scores = [], []
        for image in range(len(confidence)):
            boxes = self._boxes(deltas[image], info.reshape(-1))
            score = np.moveaxis(confidence[image, len(confidence[0]) // 2 :], 0, -1).reshape(-1)
            least = self.min_size * info.reshape(-1)[[3, 2]]
            score = score * (boxes[:, 2:] - boxes[:, :2] + 1 >= least).all(1)
            order = np.argsort(-score, kind="stable")[: self.pre_nms_topn]
            kept = suppress(boxes[order], self.nms_thresh, border=1, most=self.post_nms_topn)
            regions.append(np.column_stack((np.full(len(kept), image), boxes[order][kept])))
            scores.append(score[order][kept])
        return (np.concatenate(regions), np.concatenate(scores))[: len(self.tops)]

    def _anchors(self) -> Array:
        """Return (A, 4) corners, by ratio, then scale."""
        found = []
        for ratio in self.ratios:
            width = (self.base_size**2 / ratio) ** 0.5
            for scale in self.scales:
                sizes = (width * scale / self.base_size, width * ratio * scale / self.base_size)
                half = np.array([0.5 * int(size - 0.5) for size in sizes])
                centre = 0.5 * (self.base_size - 1)
                found.append(np.concatenate((centre - half, centre + half)))
        return np.array(found)

    def _boxes(self, deltas: Array, info: Array) -> Array:
        """Return (H * W * A, 4) corners within the image."""
        height, width = deltas.shape[1:]
        delta = np.moveaxis(deltas.reshape(-1, 4, height, width), (0, 1), (2, 3))
        y, x = np.mgrid[:height, :width] * self.feat_stride
        anchor = np.stack((x, y, x, y), -1)[:, :, None] + self._anchors()
        size = anchor[..., 2:] - anchor[..., :2] + 1
        centre = anchor[..., :2] + size / 2 + delta[..., :2] * size
        half = np.exp(delta[..., 2:]) * size / 2
        boxes: Array = np.concatenate((centre - half, centre + half), -1).reshape(-1, 4)
        limit = info[[1, 0, 1, 0]] - 1
        return boxes.clip(0, limit)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module(
            "Proposal",
            inputs=(Bottom(0), Bottom(1), Bottom(2)),
            ratios=self.ratios,
            scales=self.scales,
            feat_stride=self.feat_stride,
            base_size=self.base_size,
            min_size=self.min_size,
            pre_nms_topn=self.pre_nms_topn,
            post_nms_topn=self.post_nms_topn,
            nms_thresh=self.nms_thresh,
            **({"return_scores": True} if len(self.tops) > 1 else {}),
        )
