"""YoloDetectionOutput: YOLOv2's boxes, each with its best class (MobileNet-YOLO's yolo_detection_output_layer.cpp).

The image of every row is 0 there, and boxes of different images and classes suppress each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidNetError
from ..families.detection import UNKNOWN
from ..families.elementwise import sigmoid, softmax
from ..families.yolo import Pairs, cells, check_map, corners, parse_biases, ranked
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Lowered, Shape, module

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class YoloDetectionOutput(Layer, type="YoloDetectionOutput"):
    """Bottoms: one or two square maps (N, boxes * (5 + classes), S, S); top (1, 1, K, 7), K by the data."""

    num_classes: int
    biases: Pairs
    confidence_threshold: float
    nms_threshold: float

    num_bottoms = (1, 2)
    jumps = True

    @classmethod
    def parse(cls, proto: LayerParameter) -> YoloDetectionOutput:
        param = proto.yolo_detection_output_param
        biases = parse_biases(param.biases)[: param.num_box]
        if len(biases) < param.num_box:
            raise InvalidNetError(f"has {len(biases)} pairs of biases for {param.num_box} boxes")
        if not param.HasField("num_classes"):
            raise InvalidNetError("does not say num_classes")
        return cls(
            **header(proto),
            num_classes=param.num_classes,
            biases=biases,
            confidence_threshold=number(param.confidence_threshold),
            nms_threshold=number(param.nms_threshold),
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        for shape in bottoms:
            check_map(shape, len(self.biases), self.num_classes)
            if shape[2] != shape[3]:
                raise InvalidNetError(f"takes square maps, found {shape}")
        return (UNKNOWN,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        rows = []
        for bottom in bottoms:
            cell = cells(bottom, len(self.biases))
            classes = softmax(cell[..., 5:], -1)
            score = classes.max(-1) * sigmoid(cell[..., 4])
            fields = (
                classes.argmax(-1)[..., None] + 1,
                score[..., None],
                corners(cell, self.biases, 1),
            )
            rows.append(np.concatenate(fields, -1)[score >= self.confidence_threshold])
        return (ranked(rows, self.nms_threshold, len(bottoms[0])),)

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        return module(
            "YoloDetectionOutput",
            self.biases,
            inputs=tuple(Bottom(index) for index in range(len(bottoms))),
            confidence_threshold=self.confidence_threshold,
            nms_threshold=self.nms_threshold,
        )
