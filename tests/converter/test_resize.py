"""Resize rules: each against the library that it is named after, or against its published formula in float64."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from natural_images import natural_images
from PIL import Image

from converter import tolerance
from converter.errors import InvalidNetError
from converter.resizing.resize import RULES, resize

# (height, width) before and after: shrunk, enlarged, both, by whole and by odd factors, and to a single pixel.
SIZES = [
    ((53, 77), (48, 56)),
    ((53, 77), (120, 150)),
    ((64, 48), (32, 24)),
    ((31, 200), (75, 19)),
    ((3, 2), (7, 9)),
    ((256, 1), (256, 3)),
    ((90, 91), (1, 1)),
]


def picture(size: tuple[int, int], channels: int = 3) -> np.ndarray:
    """Noise over a natural picture: every neighbour differs."""
    whole = natural_images(1, size=256)[0][: size[0], : size[1], :channels]
    noise = np.random.default_rng(5).integers(-40, 40, whole.shape)
    return np.clip(whole + noise, 0, 255).astype(np.uint8)


def contributions(before: int, after: int) -> np.ndarray:
    """(after, before) float64 as MATLAB documents imresize 'bilinear' with antialiasing; one-based as there."""
    scale = after / before
    kernel_width = 2 / scale if scale < 1 else 2.0
    matrix = np.zeros((after, before))
    mirrored = [*range(1, before + 1), *range(before, 0, -1)]
    for x in range(1, after + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        left = int(np.floor(u - kernel_width / 2))
        indices = left + np.arange(int(np.ceil(kernel_width)) + 2)
        distance = np.abs(u - indices) * min(scale, 1)
        weights = np.where(distance <= 1, 1 - distance, 0)
        for index, weight in zip(indices, weights / weights.sum(), strict=True):
            matrix[x - 1, mirrored[(index - 1) % len(mirrored)] - 1] += weight
    return matrix


def assert_grey_levels(found: np.ndarray, expected: np.ndarray, limit: float) -> None:
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    away = np.abs(found.astype(float) - expected)
    worst = np.unravel_index(away.argmax(), away.shape)
    share = (away > limit).mean()
    assert away.max() <= limit, (
        f"{found[worst]} is not {expected[worst]} at {worst}; {share:.1%} are off"
    )


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_matlab_is_its_published_weights(
    before: tuple[int, int], after: tuple[int, int], dtype: type
) -> None:
    image = picture(before).astype(dtype)
    rows, columns = (contributions(*pair) for pair in zip(before, after, strict=True))
    expected = np.einsum("hy,yxc,wx->hwc", rows, image.astype(float), columns)
    assert_grey_levels(resize(image, after, "matlab"), expected, tolerance.RESIZE)


@pytest.mark.parametrize(("before", "after"), [((173, 211), (48, 56)), ((64, 96), (32, 24))])
def test_matlab_is_torchs_antialiased_resize_away_from_the_border(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    import torch

    image = picture(before)
    tensor = torch.from_numpy(image.astype(np.float64).transpose(2, 0, 1)[None])
    theirs = torch.nn.functional.interpolate(tensor, after, mode="bilinear", antialias=True)
    expected = theirs[0].numpy().transpose(1, 2, 0)[2:-2, 2:-2]
    assert_grey_levels(resize(image, after, "matlab")[2:-2, 2:-2], expected, tolerance.RESIZE)


def test_matlab_takes_a_large_photograph_in_strips() -> None:
    image = np.random.default_rng(1).integers(0, 256, (1501, 2003, 3), dtype=np.uint8)
    found = resize(image, (8, 9), "matlab")
    columns = [1, 4, 8]
    rows, across = contributions(1501, 8), contributions(2003, 9)[columns]
    expected = np.einsum("hy,yxc,wx->hwc", rows, image, across, optimize=True)
    assert_grey_levels(found[:, columns], expected, tolerance.RESIZE)


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_opencv_rounds_uint8_as_cv2_does(
    before: tuple[int, int], after: tuple[int, int], channels: int
) -> None:
    image = picture(before, channels)
    expected = cv2.resize(image, after[::-1]).reshape(*after, channels)
    assert_grey_levels(resize(image, after, "opencv"), expected, 0)


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_opencv_interpolates_floats_as_cv2_does(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    image = picture(before).astype(np.float32)
    assert_grey_levels(
        resize(image, after, "opencv"), cv2.resize(image, after[::-1]), tolerance.RESIZE
    )


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_pil_is_pillow(before: tuple[int, int], after: tuple[int, int], channels: int) -> None:
    image = picture(before, channels)
    mode = image if channels == 3 else image[:, :, 0]
    theirs = np.asarray(Image.fromarray(mode).resize(after[::-1], Image.Resampling.BILINEAR))
    assert_grey_levels(resize(image, after, "pil"), theirs.reshape(*after, channels), 0)


def test_pil_keeps_fractions_of_floats() -> None:
    image = picture((53, 77)).astype(np.float32) / 3
    plane = Image.fromarray(np.ascontiguousarray(image[:, :, 1]))
    theirs = np.asarray(plane.resize((56, 48), Image.Resampling.BILINEAR))
    assert_grey_levels(resize(image, (48, 56), "pil")[:, :, 1], theirs, 0)


def test_pil_resizes_published_pictures_to_256_bitwise(shared: Path) -> None:
    for path in sorted((shared / "memorability/resmem/images").glob("s*.png"))[:6]:
        with Image.open(path) as file:
            picture = file.convert("RGB")
        theirs = np.asarray(picture.resize((256, 256), Image.Resampling.BILINEAR))
        assert np.array_equal(resize(np.asarray(picture), (256, 256), "pil"), theirs)


@pytest.mark.parametrize("rule", RULES)
def test_one_grey_level_stays(rule: str) -> None:
    image = np.full((19, 23, 3), 137, np.uint8)
    found = resize(image, (11, 14), rule)
    assert_grey_levels(found, np.full((11, 14, 3), 137.0), tolerance.RESIZE)


def test_rules_differ() -> None:
    found = [resize(picture((173, 211)), (48, 56), rule) for rule in RULES]
    for at, one in enumerate(found):
        assert all(np.abs(one - other).max() > 0.3 for other in found[:at])


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(
        InvalidNetError, match="resize rule 'bicubic' is not known; known: matlab, "
    ):
        resize(picture((4, 5)), (2, 3), "bicubic")


def test_empty_image_is_refused() -> None:
    with pytest.raises(InvalidNetError, match=r"found \(0, 5, 3\)"):
        resize(np.zeros((0, 5, 3), np.uint8), (2, 3), "matlab")
