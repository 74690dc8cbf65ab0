"""DetectionOutput by hand, at other sizes, and what of it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect, refuse
from weighted_net import check_sizes


def text(param: str) -> str:
    bottoms = 'bottom: "loc" bottom: "conf" bottom: "prior"'
    return (
        f'layer {{ type: "DetectionOutput" {bottoms} top: "y" '
        f"detection_output_param {{ {param} }} }}"
    )


PRIORS = np.array([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.4], [0.5, 0.5, 1, 1]])
INPUTS = {
    "loc": np.zeros((1, 12)),
    "conf": np.array([[0.1, 0.9, 0.3, 0.7, 0.2, 0.8]]),
    "prior": np.stack((PRIORS, np.full((3, 4), 0.1))).reshape(1, 2, 12),
}


def test_overlapping_box_is_dropped(tmp_path) -> None:
    rows = [[0, 1, 0.9, *PRIORS[0]], [0, 1, 0.8, *PRIORS[2]]]
    expect(tmp_path, text("num_classes: 2"), [[rows]], **INPUTS)


def test_threshold_that_is_reached_drops_nothing(tmp_path) -> None:
    inputs = INPUTS | {"prior": INPUTS["prior"].copy()}
    inputs["prior"][0, 0, 7] = 0.25  # half of the first box
    param = "num_classes: 2 nms_param { nms_threshold: 0.5 }"
    rows = [[0, 1, 0.9, *PRIORS[0]], [0, 1, 0.8, *PRIORS[2]], [0, 1, 0.7, 0, 0, 0.5, 0.25]]
    expect(tmp_path, text(param), [[rows]], **inputs)


def feed(batch: int, priors: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(priors)
    low = rng.uniform(0, 0.7, (priors, 2))
    boxes = np.concatenate((low, low + rng.uniform(0.1, 0.3, (priors, 2))), 1)
    return {
        "loc": rng.normal(0, 1, (batch, priors * 4)),
        "conf": rng.uniform(0, 1, (batch, priors * 4)),
        "prior": np.stack((boxes, np.full((priors, 4), 0.1))).reshape(1, 2, -1),
    }


@pytest.mark.parametrize("code", ["CORNER", "CENTER_SIZE", "CORNER_SIZE"])
def test_more_images_and_priors_equal_the_reference(tmp_path, code: str) -> None:
    param = f"num_classes: 4 keep_top_k: 40 code_type: {code} confidence_threshold: 0.2"
    check_sizes(tmp_path, text(param), feed(1, 30), feed(3, 90), feed(2, 1))


def test_adaptive_threshold_equals_the_reference(tmp_path) -> None:
    param = "num_classes: 4 nms_param { nms_threshold: 0.8 eta: 0.9 top_k: 50 }"
    check_sizes(tmp_path, text(param), feed(1, 60), feed(2, 90))


@pytest.mark.parametrize(
    ("param", "match"),
    [
        ("", "num_classes is 0"),
        ("num_classes: 3", "3 priors need"),
        ("num_classes: 2 share_location: false", "3 priors need"),
        ("num_classes: 2 background_label_id: -1", "finds no boxes"),
        ("num_classes: 2 nms_param { nms_threshold: -1 }", "at least 0"),
        ("num_classes: 2 nms_param { eta: 0 }", "above 0 and at most 1"),
    ],
)
def test_what_ssd_refuses_is_refused(tmp_path, param: str, match: str) -> None:
    refuse(tmp_path, text(param), match, **INPUTS)
