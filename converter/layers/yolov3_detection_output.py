"""Yolov3DetectionOutput: YOLOv3's boxes, one for each class beyond the threshold (yolov3_detection_output_layer.cpp).

As in MobileNet-YOLO, where it is from, the image of every row is 0, and boxes of all images and classes suppress
each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.detection import UNKNOWN
from ..families.elementwise import sigmoid
from ..families.yolo import Pairs, cells, check_map, corners, parse_biases, ranked
from ..layer import ANY, Array, Arrays, Layer, header, number
from ..program import Bottom, Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter, Yolov3DetectionOutputParameter


@dataclass(frozen=True, kw_only=True)
class Yolov3DetectionOutput(Layer, type="Yolov3DetectionOutput"):
    """Bottoms: maps (N, boxes * (5 + classes), H, W), with the anchors and pixels per cell of each."""

    num_classes: int
    anchors: tuple[Pairs, ...]
    scales: tuple[int, ...]
    confidence_threshold: float
    nms_threshold: float

    num_bottoms = (1, ANY)
    jumps = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> Yolov3DetectionOutput:
        param = proto.yolov3_detection_output_param
        if not param.HasField("num_classes"):
            raise InvalidNetError("does not say num_classes")
        maps = len(proto.bottom)
        if param.mask_group_num != maps or len(param.anchors_scale) < maps:
            raise InvalidNetError(
                f"has {maps} bottoms, mask_group_num {param.mask_group_num} and "
                f"{len(param.anchors_scale)} anchors_scale; give one of each for every bottom"
            )
        return cls(
            **header(proto),
            num_classes=param.num_classes,
            anchors=_anchors(param),
            scales=tuple(param.anchors_scale)[:maps],
            confidence_threshold=number(param.confidence_threshold),
            nms_threshold=number(param.nms_threshold),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        for shape, anchors in zip(bottoms, self.anchors, strict=True):
            check_map(shape, len(anchors), self.num_classes)
        return (UNKNOWN,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        rows: list[Array] = []
        for bottom, anchors, scale in zip(bottoms, self.anchors, self.scales, strict=True):
            cell = cells(bottom, len(anchors))
            score = sigmoid(cell[..., 5:]) * sigmoid(cell[..., 4:5])
            found = np.nonzero(score > self.confidence_threshold)
            box = corners(cell, anchors, scale)[found[:-1]]
            rows.append(np.column_stack((found[-1] + 1, score[found], box)))
        return (ranked(rows, self.nms_threshold, len(bottoms[0])),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module(
            "Yolov3DetectionOutput",
            self.anchors,
            self.scales,
            inputs=tuple(Bottom(index) for index in range(len(bottoms))),
            confidence_threshold=self.confidence_threshold,
            nms_threshold=self.nms_threshold,
        )


def _anchors(param: Yolov3DetectionOutputParameter) -> tuple[Pairs, ...]:
    """Return the (width, height) of the anchors of each map, which `mask` picks from the biases."""
    biases, mask = parse_biases(param.biases), list(param.mask)
    stride = len(mask) // param.mask_group_num
    groups = [mask[group * stride :][: param.num_box] for group in range(param.mask_group_num)]
    if any(len(group) < param.num_box or max(group) >= len(biases) for group in groups):
        raise InvalidNetError(
            f"mask {mask} must give {param.num_box} indices below {len(biases)} for each bottom"
        )
    return tuple(tuple(biases[index] for index in group) for group in groups)
