"""YOLOv3's detections."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .yolo import _cells, _corners, _ranked


class Yolov3DetectionOutput(nn.Module):
    """A box for each class beyond the threshold, suppressed over all (yolov3_detection_output_layer.cpp).

    Takes maps (N, anchors * (5 + classes), H, W), each with its anchors, (width, height) in pixels, and its scale,
    pixels per cell. Returns (1, 1, K, 7) with 0, label, score, xmin, ymin, xmax, ymax. K depends on the data, so it
    runs eagerly.
    """

    def __init__(
        self,
        anchors: tuple[tuple[tuple[float, float], ...], ...],
        scales: tuple[int, ...],
        *,
        confidence_threshold: float = 0.01,
        nms_threshold: float = 0.45,
    ) -> None:
        super().__init__()
        self.anchors, self.scales = anchors, scales
        self.confidence_threshold, self.nms_threshold = confidence_threshold, nms_threshold

    def forward(self, *maps: Tensor) -> Tensor:
        rows = []
        for x, anchors, scale in zip(maps, self.anchors, self.scales, strict=True):
            cells = _cells(x, len(anchors))
            score = cells[..., 5:].sigmoid() * cells[..., 4:5].sigmoid()
            found = (score > self.confidence_threshold).nonzero(as_tuple=True)
            boxes = _corners(cells, anchors, scale)[found[:-1]]
            label = found[-1].to(x.dtype) + 1
            rows.append(torch.cat((label[:, None], score[found][:, None], boxes), 1))
        return _ranked(rows, self.nms_threshold, len(maps[0]))
