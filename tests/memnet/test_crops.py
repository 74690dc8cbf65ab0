"""Crops against caffe.io.oversample's recorded ones, and against MATLAB's loop with its one-based indices."""

from __future__ import annotations

from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest

from converter import Preprocess
from memnet.crops import crop, ten
from memnet.preprocessing import preprocessing


@pytest.mark.parametrize("case", range(4))
def test_ten_are_pycaffes_oversample_bitwise(shared: Path, case: int) -> None:
    recorded = np.load(shared / "goldens/preprocess/oversample.npz")
    height, width = map(int, recorded[f"crop/{case}"])
    images, expected = recorded[f"in/{case}"], recorded[f"out/{case}"]
    order = "GRAY" if images.shape[3] == 1 else "RGB"
    prep = Preprocess(crop=(height, width), channel_order=order)
    found = np.concatenate([ten(prep, prep.planes(image)) for image in images])
    assert found.transpose(0, 2, 3, 1).tobytes() == expected.tobytes()


def matlab_crops(image: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """prepare_image of Caffe's classification_demo.m, from a picture of 256 x 256: arrays are width first."""
    im_data = image[:, :, [2, 1, 0]].transpose(1, 0, 2).astype(np.float32)
    im_data = im_data - mean.transpose(2, 1, 0)
    crops_data = np.zeros((227, 227, 3, 10), np.float32)
    indices = [1, 256 - 227 + 1]
    n = 1
    for i in indices:
        for j in indices:
            crops_data[:, :, :, n - 1] = im_data[i - 1 : i + 226, j - 1 : j + 226]
            crops_data[:, :, :, n + 4] = crops_data[::-1, :, :, n - 1]
            n += 1
    center = indices[1] // 2 + 1
    assert center == 16  # counted from one
    crops_data[:, :, :, 4] = im_data[center - 1 : center + 226, center - 1 : center + 226]
    crops_data[:, :, :, 9] = crops_data[::-1, :, :, 4]
    return crops_data.transpose(
        3, 2, 1, 0
    )  # what Caffe makes of it: its axes are MATLAB's reversed


def test_ten_are_matlabs_bitwise() -> None:
    image, mean = rule.images()[3], rule.mean_bgr()
    found = crop(preprocessing(mean, ten_crop="matlab"), image, "ten")
    assert found.tobytes() == matlab_crops(image, mean).tobytes()


def test_ten_crops_differ_between_the_two_in_three_places_and_their_mirrors() -> None:
    image, mean = rule.images()[3], rule.mean_bgr()
    ours = crop(preprocessing(mean, ten_crop="matlab"), image, "ten")
    theirs = rule.ten_crops(image)
    same = [np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True)]
    assert same == [True, False, False, True, False] * 2
    assert np.array_equal(ours[[1, 2]], theirs[[2, 1]])


@pytest.mark.parametrize("ten_crop", ["pycaffe", "matlab"])
@pytest.mark.parametrize("size", [(256, 256), (251, 240)])
def test_center_is_the_fifth_of_ten(ten_crop: str, size: tuple[int, int]) -> None:
    prep = Preprocess(crop=(227, 227), resize=size, ten_crop=ten_crop)
    image = rule.images()[0]
    assert crop(prep, image)[0].tobytes() == crop(prep, image, "ten")[4].tobytes()
