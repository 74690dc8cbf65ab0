"""ROIPooling, PSROIPooling and Proposal against torch's pooling, by hand and at other sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from one_layer import expect, refuse
from torch.nn import functional as F  # noqa: N812
from weighted_net import check_sizes, normal


def regions(count: int, images: int, size: float) -> np.ndarray:
    rng = np.random.default_rng(count)
    low = rng.uniform(-0.2, 0.8, (count, 2)) * size
    high = low + rng.uniform(-0.1, 0.9, (count, 2)) * size
    return np.concatenate((rng.integers(0, images, (count, 1)), low, high), 1)


ROI = (
    'layer { type: "ROIPooling" bottom: "x" bottom: "r" top: "y" '
    "roi_pooling_param { pooled_h: 3 pooled_w: 2 } }"
)
PSROI = (
    'layer { type: "PSROIPooling" bottom: "x" bottom: "r" top: "y" '
    "psroi_pooling_param { spatial_scale: 0.5 output_dim: 2 group_size: 3 } }"
)


def test_region_inside_the_map_is_pooled_as_torch_does(tmp_path) -> None:
    x = normal(2, 3, 9, 8)
    patch = torch.tensor(x[1:, :, 2:7, 1:8])
    expect(tmp_path, ROI, F.adaptive_max_pool2d(patch, (3, 2)), x=x, r=[[1.0, 1, 2, 7, 6]])


@pytest.mark.parametrize(("text", "channels"), [(ROI, 5), (PSROI, 18)], ids=["ROI", "PSROI"])
def test_other_maps_and_regions_equal_the_reference(tmp_path, text: str, channels: int) -> None:
    feeds = [
        {"x": normal(images, channels, *size), "r": regions(count, images, 20)}
        for images, size, count in ((1, (9, 8), 2), (3, (6, 13), 7), (2, (12, 5), 4))
    ]
    check_sizes(tmp_path, text, *feeds)


def test_mean_of_a_bin_is_of_its_own_channels(tmp_path) -> None:
    x = np.arange(18.0)[:, None, None] + np.zeros((1, 18, 4, 4))
    expect(tmp_path, PSROI, np.arange(18.0).reshape(1, 2, 3, 3), x=x, r=[[0.0, 0, 0, 7, 7]])


PROPOSAL = (
    'layer { type: "Proposal" bottom: "p" bottom: "d" bottom: "info" top: "y" top: "score" '
    "proposal_param { ratio: 0.5 ratio: 1 scale: 12 scale: 20 scale: 31 min_size: 5 feat_stride: 8 "
    "pre_nms_topn: 60 post_nms_topn: 9 nms_thresh: 0.6 } }"
)


def proposal_feed(batch: int, height: int, width: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(height)
    return {
        "p": rng.uniform(0, 1, (batch, 12, height, width)),
        "d": rng.normal(0, 0.3, (batch, 24, height, width)),
        "info": np.array([[8.0 * height, 8.0 * width, 1.5, 1]]),
    }


def test_proposals_of_more_and_larger_images_equal_the_reference(tmp_path) -> None:
    check_sizes(tmp_path, PROPOSAL, *(proposal_feed(*size) for size in ((1, 4, 5), (3, 6, 4))))


@pytest.mark.parametrize(
    ("text", "change", "match"),
    [
        (ROI, {"r": (3, 4)}, "five|5"),
        (ROI.replace("pooled_w: 2", ""), {}, "must be at least 1"),
        (PSROI, {}, "need 18"),
        (PSROI.replace("group_size: 3", "group_size: 0"), {}, "must be at least 1"),
        (PROPOSAL, {"p": (1, 6, 4, 4)}, "6 anchors need"),
        (PROPOSAL, {"info": (1, 3)}, "h, w, scale_h and scale_w"),
        (PROPOSAL.replace("ratio: 0.5 ratio: 1", ""), {}, "0 ratios"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text: str, change: dict, match: str) -> None:
    shapes = {
        "x": (1, 5, 4, 4),
        "r": (3, 5),
        "p": (1, 12, 4, 4),
        "d": (1, 24, 4, 4),
        "info": (1, 4),
    }
    used = {name: shape for name, shape in (shapes | change).items() if f'"{name}"' in text}
    refuse(tmp_path, text, match, **{name: np.zeros(shape) for name, shape in used.items()})
