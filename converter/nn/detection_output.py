"""SSD's detections."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .suppress import _detections, _suppress


class DetectionOutput(nn.Module):
    """Decodes boxes, suppresses them class by class, keeps the best (detection_output_layer.cpp).

    Takes locations (N, P * L * 4), scores (N, P * classes) and priors (1, 2, P * 4); returns (1, 1, K, 7) with image,
    label, score, xmin, ymin, xmax, ymax. -1 stands for no limit. K depends on the data, so it runs eagerly.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        code_type: str = "CORNER",
        share_location: bool = True,
        background_label_id: int = 0,
        variance_encoded_in_target: bool = False,
        confidence_threshold: float = -3.4028234663852886e38,
        nms_threshold: float = 0.3,
        top_k: int = -1,
        eta: float = 1.0,
        keep_top_k: int = -1,
    ) -> None:
        super().__init__()
        self.labels = [label for label in range(num_classes) if label != background_label_id]
        self.num_classes, self.share_location, self.code_type = (
            num_classes,
            share_location,
            code_type,
        )
        self.variance_encoded_in_target = variance_encoded_in_target
        self.confidence_threshold, self.nms_threshold = confidence_threshold, nms_threshold
        self.top_k, self.eta, self.keep_top_k = top_k, eta, keep_top_k

    def forward(self, location: Tensor, confidence: Tensor, priors: Tensor) -> Tensor:
        prior, variance = priors[0].view(2, -1, 1, 4)
        coded = location.reshape(len(location), len(prior), -1, 4)
        boxes = self._decode(coded if self.variance_encoded_in_target else coded * variance, prior)
        scores = confidence.reshape(len(location), len(prior), self.num_classes)
        rows = [self._image(*image) for image in zip(range(len(boxes)), boxes, scores, strict=True)]
        return _detections(rows, len(boxes))

    def _decode(self, coded: Tensor, prior: Tensor) -> Tensor:
        """Return corners (N, P, L, 4)."""
        size = prior[..., 2:] - prior[..., :2]
        if self.code_type == "CORNER":
            return prior + coded
        if self.code_type == "CORNER_SIZE":
            return prior + coded * torch.cat((size, size), -1)
        centre = (prior[..., :2] + prior[..., 2:]) / 2 + coded[..., :2] * size
        half = coded[..., 2:].exp() * size / 2
        return torch.cat((centre - half, centre + half), -1)

    def _image(self, image: int, boxes: Tensor, scores: Tensor) -> Tensor:
        """Return the rows of one image: by label, then from the best score to the worst."""
        found = [boxes.new_zeros(0, 7)]
        for label in self.labels:
            score, corners = scores[:, label], boxes[:, 0 if self.share_location else label]
            order = score.argsort(descending=True, stable=True)
            order = order[score[order] > self.confidence_threshold]
            order = order[: self.top_k] if self.top_k >= 0 else order
            order = order[_suppress(corners[order], self.nms_threshold, eta=self.eta)]
            place = boxes.new_tensor([image, label]).expand(len(order), 2)
            found.append(torch.cat((place, score[order, None], corners[order]), 1))
        rows = torch.cat(found)
        if 0 <= self.keep_top_k < len(rows):
            best = rows[:, 2].argsort(descending=True, stable=True)[: self.keep_top_k]
            rows = rows[best.sort().values]
        return rows
