"""PriorBox by hand, and what of it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect, refuse
from weighted_net import check_sizes


def text(param: str) -> str:
    return (
        'layer { type: "PriorBox" bottom: "x" bottom: "image" top: "y" '
        f"prior_box_param {{ {param} }} }}"
    )


def test_boxes_of_one_cell(tmp_path) -> None:
    sizes = [
        (4, 4),
        (6, 6),
        (8, 2),
        (2, 8),
    ]  # 4.9 is cut to 4; sqrt(4 * 9); ratio 4 and its inverse
    boxes = [
        ((10 - w / 2) / 20, (5 - h / 2) / 10, (10 + w / 2) / 20, (5 + h / 2) / 10) for w, h in sizes
    ]
    expected = [[np.ravel(boxes), np.full(16, 0.1)]]
    inputs = {"x": np.zeros((1, 1, 1, 1)), "image": np.zeros((1, 3, 10, 20))}
    expect(tmp_path, text("min_size: 4.9 max_size: 9.9 aspect_ratio: 4"), expected, **inputs)


def test_sizes_are_read_from_the_bottoms(tmp_path) -> None:
    feeds = [
        {"x": np.zeros((batch, 2, *size)), "image": np.zeros((batch, 3, *image))}
        for batch, size, image in (
            (1, (3, 2), (24, 17)),
            (2, (5, 4), (40, 33)),
            (3, (1, 7), (9, 61)),
        )
    ]
    check_sizes(tmp_path, text("min_size: 5 aspect_ratio: 2 clip: true offset: 0.3"), *feeds)


@pytest.mark.parametrize(
    ("param", "match"),
    [
        ("", "give one or more"),
        ("min_size: 0", "all above 0"),
        ("min_size: 5 max_size: 5", "must be above min_size"),
        ("min_size: 5 max_size: 6 max_size: 7", "2 max_size for 1 min_size"),
        ("min_size: 5 variance: 0.1 variance: 0.2", "give one or four"),
        ("min_size: 5 aspect_ratio: 0", "must be above 0"),
        ("min_size: 5 img_size: 9 img_h: 9 img_w: 9", "keep one of them"),
        ("min_size: 5 step_h: 9", "both must be above 0"),
    ],
)
def test_what_ssd_refuses_is_refused(tmp_path, param: str, match: str) -> None:
    refuse(tmp_path, text(param), match, x=np.zeros((1, 1, 2, 2)), image=np.zeros((1, 3, 9, 9)))
