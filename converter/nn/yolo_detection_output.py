"""YOLOv2's detections."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .yolo import _cells, _corners, _ranked


class YoloDetectionOutput(nn.Module):
    """Boxes with their best class, suppressed over all classes and images (yolo_detection_output_layer.cpp).

    Takes maps (N, anchors * (5 + classes), S, S); anchors are (width, height) in cells. Returns (1, 1, K, 7) with 0,
    label, score, xmin, ymin, xmax, ymax. K depends on the data, so it runs eagerly.
    """

    def __init__(
        self,
        anchors: tuple[tuple[float, float], ...],
        *,
        confidence_threshold: float = 0.01,
        nms_threshold: float = 0.45,
    ) -> None:
        super().__init__()
        self.anchors = anchors
        self.confidence_threshold, self.nms_threshold = confidence_threshold, nms_threshold

    def forward(self, *maps: Tensor) -> Tensor:
        rows = []
        for x in maps:
            cells = _cells(x, len(self.anchors))
            score, label = cells[..., 5:].softmax(-1).max(-1, keepdim=True)
            score = score * cells[..., 4:5].sigmoid()
            found = torch.cat((label + 1, score, _corners(cells, self.anchors, 1)), -1)
            rows.append(found[score[..., 0] >= self.confidence_threshold])
        return _ranked(rows, self.nms_threshold, len(maps[0]))
