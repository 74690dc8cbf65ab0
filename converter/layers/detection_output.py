"""DetectionOutput: SSD's boxes, decoded, suppressed class by class and cut to the best (detection_output_layer.cpp).

How many rows the top has depends on the data: (1, 1, K, 7) with image, label, score, xmin, ymin, xmax, ymax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidNetError
from ..families.detection import UNKNOWN, detections, suppress
from ..layer import Array, Arrays, Layer, header, number
from ..program import Bottom, Expr, Lowered, Shape, module
from ..shapes import require_axes

if TYPE_CHECKING:
    from protos import DetectionOutputParameter, LayerParameter

Code = Literal["CORNER", "CENTER_SIZE", "CORNER_SIZE"]
CODES: dict[int, Code] = {1: "CORNER", 2: "CENTER_SIZE", 3: "CORNER_SIZE"}

LOWEST = float(np.finfo(np.float32).min)  # -FLT_MAX


@dataclass(frozen=True, kw_only=True)
class DetectionOutput(Layer, type="DetectionOutput"):
    """Bottoms: locations (N, P * L * 4), scores (N, P * classes), priors (1, 2, P * 4); -1 stands for no limit."""

    num_classes: int
    share_location: bool
    background_label_id: int
    code_type: Code
    variance_encoded_in_target: bool
    confidence_threshold: float | None
    nms_threshold: float
    top_k: int
    eta: float
    keep_top_k: int

    num_bottoms = (3, 4)
    jumps = True
    restrictions = "a fourth bottom, save_output_param and visualize have no effect"

    @classmethod
    def parse(cls, proto: LayerParameter) -> DetectionOutput:
        param = proto.detection_output_param
        nms = param.nms_param
        _check(param)
        threshold = param.HasField("confidence_threshold")
        return cls(
            **header(proto),
            num_classes=param.num_classes,
            share_location=param.share_location,
            background_label_id=param.background_label_id,
            code_type=CODES[param.code_type],
            variance_encoded_in_target=param.variance_encoded_in_target,
            confidence_threshold=number(param.confidence_threshold) if threshold else None,
            nms_threshold=number(nms.nms_threshold),
            top_k=nms.top_k if nms.HasField("top_k") else -1,
            eta=number(nms.eta),
            keep_top_k=param.keep_top_k,
        )

    def shapes(self, bottoms: Sequence[Shape]) -> tuple[Shape, ...]:
        location, confidence, priors = bottoms[:3]
        count = require_axes(priors, 3)[2] // 4
        per_prior = 4 if self.share_location else 4 * self.num_classes
        for what, shape, size in (
            ("locations", location, count * per_prior),
            ("scores", confidence, count * self.num_classes),
        ):
            if shape[:1] != location[:1] or shape[1:2] != (size,):
                raise InvalidNetError(
                    f"{what} have shape {shape}; {count} priors need ({location[0]}, {size})"
                )
        return (UNKNOWN,)

    def reference(self, bottoms: Sequence[Array], blobs: Sequence[Array]) -> Arrays:
        location, confidence, priors = bottoms[:3]
        batch = len(location)
        prior, variance = priors[0].reshape(2, -1, 4)
        coded = location.reshape(batch, len(prior), -1, 4)
        if not self.variance_encoded_in_target:
            coded = coded * variance[:, None]
        boxes = _decode(coded, prior[:, None], self.code_type)
        scores = confidence.reshape(batch, len(prior), self.num_classes)
        rows = [self._image(image, boxes[image], scores[image]) for image in range(batch)]
        return (detections(rows, batch),)

    def _image(self, image: int, boxes: Array, scores: Array) -> Array:
        """Return the rows of one image: by label, then from the best score to the worst."""
        least = LOWEST if self.confidence_threshold is None else self.confidence_threshold
        found = [np.empty((0, 7))]
        for label in range(self.num_classes):
            if label == self.background_label_id:
                continue
            score, corners = scores[:, label], boxes[:, 0 if self.share_location else label]
            order = np.argsort(-score, kind="stable")
            order = order[score[order] > least]
            if self.top_k >= 0:
                order = order[: self.top_k]
            order = order[suppress(corners[order], self.nms_threshold, eta=self.eta)]
            place = np.broadcast_to([image, label], (len(order), 2))
            found.append(np.column_stack((place, score[order], corners[order])))
        rows = np.concatenate(found)
        if 0 <= self.keep_top_k < len(rows):
            rows = rows[np.sort(np.argsort(-rows[:, 2], kind="stable")[: self.keep_top_k])]
        return rows

    def lower(self, bottoms: Sequence[Shape]) -> Lowered:
        threshold = LOWEST if self.confidence_threshold is None else self.confidence_threshold
        options: dict[str, tuple[Expr, Expr]] = {  # each with its default
            "code_type": (self.code_type, None),
            "share_location": (self.share_location, True),
            "background_label_id": (self.background_label_id, 0),
            "variance_encoded_in_target": (self.variance_encoded_in_target, False),
            "confidence_threshold": (threshold, LOWEST),
            "nms_threshold": (self.nms_threshold, None),
            "top_k": (self.top_k, -1),
            "eta": (self.eta, 1),
            "keep_top_k": (self.keep_top_k, -1),
        }
        given = {key: value for key, (value, default) in options.items() if value != default}
        inputs = Bottom(0), Bottom(1), Bottom(2)
        return module("DetectionOutput", self.num_classes, inputs=inputs, **given)


def _check(param: DetectionOutputParameter) -> None:
    """Refuse what Caffe's CHECKs refuse."""
    nms = param.nms_param
    if param.num_classes < 1:
        raise InvalidNetError(f"num_classes is {param.num_classes}; it must be at least 1")
    if nms.nms_threshold < 0 or not 0 < nms.eta <= 1:
        raise InvalidNetError(
            f"nms_threshold is {number(nms.nms_threshold)} and eta {number(nms.eta)}; "
            f"they must be at least 0, and above 0 and at most 1"
        )
    if param.share_location and param.background_label_id == -1:
        raise InvalidNetError(
            "has background_label_id -1 with share_location: true, for which Caffe finds no boxes; "
            "for no background give num_classes as background_label_id"
        )


def _decode(coded: Array, prior: Array, code: Code) -> Array:
    """Return corners from what the net codes relative to priors (bbox_util.cpp, DecodeBBox)."""
    size = prior[..., 2:] - prior[..., :2]
    if code == "CORNER":
        return prior + coded
    if code == "CORNER_SIZE":
        return prior + coded * np.concatenate((size, size), -1)
    centre = (prior[..., :2] + prior[..., 2:]) / 2 + coded[..., :2] * size
    half = np.exp(coded[..., 2:]) * size / 2
    return np.concatenate((centre - half, centre + half), -1)
