"""FlowNet's layers against SciPy and NumPy, at other sizes, and what of them is refused."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import compute, expect, refuse
from scipy.ndimage import map_coordinates
from weighted_net import check_sizes, normal

WARP = 'layer { type: "FlowWarp" bottom: "x" bottom: "f" top: "y" }'


def resample(param: str) -> str:
    return f'layer {{ type: "Resample" bottom: "x" top: "y" resample_param {{ {param} }} }}'


def correlation(param: str) -> str:
    return (
        'layer { type: "Correlation" bottom: "x" bottom: "z" top: "y" '
        f"correlation_param {{ {param} }} }}"
    )


def test_warp_is_scipys_linear_interpolation(tmp_path) -> None:
    x, flow = normal(2, 3, 6, 5), np.random.default_rng(1).uniform(0, 0.9, (2, 2, 6, 5))
    rows, columns = np.mgrid[:6, :5]
    expected = [
        [
            map_coordinates(plane, (rows + f[1], columns + f[0]), order=1, mode="nearest")
            for plane in image
        ]
        for image, f in zip(x, flow, strict=True)
    ]
    expect(tmp_path, WARP, expected, x=x, f=flow)


def test_warp_of_other_sizes_equals_the_reference(tmp_path) -> None:
    sizes = ((1, 3, 4), (2, 7, 5))
    feeds = [{"x": normal(n, 3, h, w), "f": 3 * normal(n, 2, h, w)} for n, h, w in sizes]
    check_sizes(tmp_path, WARP, *feeds)


def test_correlation_with_itself_undisplaced_is_the_mean_square(tmp_path) -> None:
    x = normal(2, 3, 6, 5)
    param = "kernel_size: 1 max_displacement: 1 pad: 1"
    y = compute(tmp_path, correlation(param), x=x, z=x)["y"]
    assert np.allclose(y[:, 4], (x**2).mean(1))
    assert np.allclose(y[:, 5, :, :-1], (x[..., :-1] * x[..., 1:]).mean(1))


@pytest.mark.parametrize("more", ["", "stride_2: 2", "correlation_type: SUBTRACT"])
def test_correlation_of_other_sizes_equals_the_reference(tmp_path, more: str) -> None:
    text = correlation(f"kernel_size: 3 max_displacement: 3 pad: 2 stride_1: 2 {more}")
    sizes = ((1, 3, 9, 8), (2, 3, 12, 11), (1, 3, 7, 13))
    check_sizes(tmp_path, text, *({"x": normal(*size), "z": normal(*size) ** 2} for size in sizes))


@pytest.mark.parametrize("mode", ["LINEAR", "CUBIC"])
def test_resampled_slope_stays_a_slope(tmp_path, mode: str) -> None:
    """Both filters reproduce linear functions away from the border, when enlarging."""
    x = np.add.outer(2 * np.arange(8.0), np.arange(9.0))[None, None]
    y = compute(tmp_path, resample(f"height: 16 width: 18 type: {mode}"), x=x)["y"]
    at = (np.arange(16) + 0.5) / 2 - 0.5
    expected = np.add.outer(2 * at, (np.arange(18) + 0.5) / 2 - 0.5)
    assert np.allclose(y[0, 0, 4:-4, 4:-4], expected[4:-4, 4:-4])


@pytest.mark.parametrize("param", ["", "antialias: false", "type: CUBIC"])
def test_resampling_of_other_sizes_equals_the_reference(tmp_path, param: str) -> None:
    sizes = ((1, 2, 4, 5), (3, 2, 13, 9), (2, 2, 6, 17))
    feeds = [{"x": normal(*size)} for size in sizes]
    check_sizes(tmp_path, resample(f"height: 6 width: 7 {param}"), *feeds)


def test_resampling_to_another_blobs_size(tmp_path) -> None:
    text = 'layer { type: "Resample" bottom: "x" bottom: "z" top: "y" }'
    sizes = ((1, 4, 5, 8, 10), (2, 6, 4, 3, 7))
    feeds = [{"x": normal(n, 2, a, b), "z": normal(n, 1, c, d)} for n, a, b, c, d in sizes]
    check_sizes(tmp_path, text, *feeds)


def test_channel_norm_of_one_axis_more_is_refused(tmp_path) -> None:
    text = 'layer { type: "ChannelNorm" bottom: "x" top: "y" }'
    refuse(tmp_path, text, "takes a blob of 4 axes", x=np.zeros((1, 2, 3)))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (correlation("kernel_size: 3"), "needs kernel_size and max_displacement"),
        (correlation("kernel_size: 2 max_displacement: 1"), "must be odd"),
        (correlation("kernel_size: 3 max_displacement: 2"), "too small"),
        (correlation("kernel_size: 1 max_displacement: 1 stride_1: 0"), "at least 1"),
        (resample("height: 3"), "give both"),
        (resample("height: 3 width: 3 type: AREA"), "AREA"),
        (resample("height: 40 width: 3 type: NEAREST"), "outside the image"),
        (WARP.replace('"f"', '"z"'), "flow has shape"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text: str, match: str) -> None:
    inputs = {name: np.zeros((1, 3, 5, 6)) for name in ("x", "z") if f'"{name}"' in text}
    refuse(tmp_path, text, match, **inputs)
