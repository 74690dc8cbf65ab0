"""The YOLO detection layers by hand, at other sizes, and what of them is refused."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect, refuse
from weighted_net import check_sizes, normal

V2 = (
    'layer { type: "YoloDetectionOutput" bottom: "x" top: "y" yolo_detection_output_param { '
    "num_classes: 2 num_box: 1 confidence_threshold: 0.3 biases: 1 biases: 0.5 } }"
)
V3 = (
    'layer { type: "Yolov3DetectionOutput" bottom: "x" bottom: "z" top: "y" '
    "yolov3_detection_output_param { num_classes: 1 num_box: 2 confidence_threshold: 0.4 "
    "biases: 10 biases: 14 biases: 23 biases: 27 biases: 37 biases: 58 mask: 1 mask: 2 mask: 0 "
    "mask: 1 anchors_scale: 32 anchors_scale: 16 mask_group_num: 2 } }"
)


def test_box_of_one_cell(tmp_path) -> None:
    x = np.zeros((1, 7, 2, 2))
    x[0, 4] = -9
    x[0, 4:7, 1, 0] = 0, 0, np.log(3)  # object .5, classes .25 and .75
    row = [0, 2, 0.375, 0, 0.625, 0.5, 0.875]
    expect(tmp_path, V2, [[[row]]], x=x)


def test_more_and_larger_images_equal_the_reference(tmp_path) -> None:
    sizes = ((1, 7, 3, 3), (3, 7, 5, 5))
    check_sizes(tmp_path, V2, *({"x": normal(*size)} for size in sizes))
    sizes = ((1, 2, 3), (3, 4, 3))
    check_sizes(
        tmp_path,
        V3,
        *({"x": normal(n, 12, h, w), "z": normal(n, 12, 2 * h, 2 * w)} for n, h, w in sizes),
    )


@pytest.mark.parametrize(
    ("text", "shape", "match"),
    [
        (V2, (1, 8, 3, 3), "need 7 channels"),
        (V2, (1, 7, 3, 4), "square maps"),
        (V2.replace("num_box: 1", "num_box: 2"), (1, 14, 3, 3), "1 pairs of biases for 2"),
        (V2.replace("num_classes: 2", ""), (1, 7, 3, 3), "num_classes"),
        (V3, (1, 13, 3, 3), "need 12 channels"),
        (V3.replace("mask: 2", "mask: 3"), (1, 12, 3, 3), "indices below 3"),
        (V3.replace("anchors_scale: 16", ""), (1, 12, 3, 3), "for every bottom"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text: str, shape: tuple, match: str) -> None:
    inputs = {name: np.zeros(shape) for name in ("x", "z") if f'"{name}"' in text}
    refuse(tmp_path, text, match, **inputs)
