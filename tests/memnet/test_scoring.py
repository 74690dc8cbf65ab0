"""Images, crops and `predict`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import memnet_rule as rule
import numpy as np
import pytest
import torch
from natural_images import natural_images
from PIL import Image

import memnet
from converter import Preprocess
from converter.errors import CaffeError, FileFormatError, InvalidNetError
from memnet.crops import crop
from memnet.images import read_image
from memnet.networks.resmem_preprocess import ResMemPreprocess
from memnet.preprocessing import CHANNEL_MEANS, DefaultMeanWarning, preprocessing


def test_ten_crops_are_pycaffes_bitwise() -> None:
    image = rule.images()[1]
    found = crop(preprocessing(rule.mean_bgr()), image, "ten")
    assert found.dtype == np.float32
    assert found.tobytes() == rule.ten_crops(image).tobytes()


def test_center_crop_is_the_fifth_of_ten() -> None:
    image, prep = rule.images()[2], preprocessing(rule.mean_bgr())
    assert crop(prep, image)[0].tobytes() == crop(prep, image, "ten")[4].tobytes()


def test_crops_of_a_picture_of_another_size_are_cut_after_resizing() -> None:
    image = natural_images(1, size=301)[0][:203]
    prep = preprocessing(rule.mean_bgr())
    ten = crop(prep, image, "ten")
    assert ten.shape == (10, 3, 227, 227)
    assert ten[4].tobytes() == prep(image).tobytes()
    assert np.array_equal(ten[5:], ten[:5, :, :, ::-1])


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 227, 227)])
def test_means_of_other_sizes_are_subtracted_from_each_crop(shape: tuple[int, ...]) -> None:
    mean = np.random.default_rng(3).uniform(90, 130, shape).astype(np.float32)
    image = rule.images()[0]
    found = crop(preprocessing(mean), image, "ten")
    plain = image[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
    assert np.array_equal(found[1], plain[:, :227, 29:] - mean)
    assert np.array_equal(
        found[6], plain[:, :227, 29:][:, :, ::-1] - mean
    )  # as pycaffe's Classifier


def test_scale_multiplies_after_the_mean() -> None:
    prep = Preprocess(crop=(3, 2), resize=(5, 7), mean=np.full((3, 1, 1), 5, np.float32), scale=0.5)
    image = np.full((5, 7, 3), 25, np.uint8)
    assert np.all(crop(prep, image, "ten") == 10)
    assert crop(prep, image, "ten").shape == (10, 3, 3, 2)


def test_ten_crops_without_room_are_refused() -> None:
    prep = Preprocess(crop=(227, 227), resize=(227, 227))
    with pytest.raises(InvalidNetError, match=r"leaves no room for ten crops of \(227, 227\)"):
        crop(prep, rule.images()[0], "ten")


def test_no_mean_means_channel_means_with_a_warning() -> None:
    with pytest.warns(DefaultMeanWarning, match=r"104\.92, 114\.78, 118\.36"):
        prep = preprocessing()
    np.testing.assert_array_equal(prep.mean.ravel(), np.array(CHANNEL_MEANS, np.float32))
    assert (prep.resize, prep.crop, prep.rule, prep.channel_order) == (
        (256, 256),
        (227, 227),
        "matlab",
        "BGR",
    )


def test_channel_means_are_those_of_memnets_mean_image(shared: Path) -> None:
    mean = np.load(shared / "memorability/memnet_image_mean.npy")
    np.testing.assert_allclose(mean.mean((0, 1)), CHANNEL_MEANS, atol=0.005)


@pytest.mark.parametrize("shape", [(1, 256, 256), (3,), (256, 256)])
def test_mean_without_three_channels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidNetError, match="channels first, BGR"):
        preprocessing(np.zeros(shape, np.float32))


def test_predict_without_a_mean_warns(full_file: Path) -> None:
    with pytest.warns(DefaultMeanWarning, match="no mean image is given"):
        scores = memnet.predict(memnet.load(full_file), rule.images()[:1])
    assert scores.shape == (1,)


def test_paths_pil_images_and_arrays_score_alike(full_model: memnet.MemNet, tmp_path: Path) -> None:
    array = natural_images(1, size=120)[0]
    path = tmp_path / "a.png"
    Image.fromarray(array).save(path)
    with Image.open(path) as picture:
        scores = memnet.predict(full_model, [array, path, str(path), picture])
    assert np.all(scores == scores[0])


def test_batches_do_not_change_order(full_model: memnet.MemNet) -> None:
    images = natural_images(3, size=64)
    many = memnet.predict(full_model, [*images] * 7)
    one = np.concatenate([memnet.predict(full_model, [image]) for image in images])
    assert many.shape == (21,)
    np.testing.assert_allclose(many, np.tile(one, 7), rtol=1e-5)


def test_no_images_give_no_scores(full_model: memnet.MemNet) -> None:
    scores = memnet.predict(full_model, [])
    assert scores.shape == (0,)
    assert scores.dtype == np.float32


def test_dropout_is_off_and_the_mode_stays(full_model: memnet.MemNet) -> None:
    expected = memnet.predict(full_model, rule.images()[:2])
    full_model.train()
    try:
        assert np.array_equal(memnet.predict(full_model, rule.images()[:2]), expected)
        assert full_model.training
    finally:
        full_model.eval()


def test_grey_pictures_have_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(35, dtype=np.uint8).reshape(5, 7)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    expected = np.repeat(grey[:, :, None], 3, axis=2)
    for source in (grey, grey[:, :, None], tmp_path / "grey.png"):
        assert np.array_equal(read_image(source), expected)


@pytest.mark.parametrize("mode", ["RGBA", "CMYK", "P", "LA", "1"])
def test_other_modes_become_rgb(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.tiff"
    Image.fromarray(natural_images(1, size=16)[0]).convert(mode).save(path)
    assert read_image(path).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros((8, 8, 3), np.float32), "must be uint8, 0 to 255, found float32"),
        (np.zeros((8, 8, 4), np.uint8), r"must be \(height, width, 3\), found \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.uint8), r"found \(0, 8, 3\)"),
        (np.zeros(8, np.uint8), r"found \(8,\)"),
    ],
)
def test_odd_array_is_refused(array: np.ndarray, match: str) -> None:
    with pytest.raises(FileFormatError, match=match):
        read_image(array)


def test_truncated_and_missing_pictures_are_told(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jpg"
    Image.fromarray(natural_images(1)[0]).save(whole)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(
        FileFormatError, match=r"cut\.jpg: cannot be read as an image \(.*truncated"
    ):
        read_image(cut)
    with pytest.raises(
        FileFormatError, match=r"none\.jpg: cannot be read as an image \(No such file"
    ):
        read_image(tmp_path / "none.jpg")


def test_calibration_is_of_the_average_over_crops(full_model: memnet.MemNet) -> None:
    raw = memnet.predict(full_model, rule.images()[:2], "ten").astype(np.float64)
    found = memnet.predict(full_model, rule.images()[:2], "ten", calibration="ganalyze")
    expected = np.clip((raw - 0.7626) * 2 + 0.65, 0, 1)
    np.testing.assert_array_equal(found, expected.astype(np.float32))


def test_resize_and_ten_crops_may_be_another_rules(full_model: memnet.MemNet) -> None:
    image = natural_images(1, size=300)[0]
    found = memnet.predict(full_model, [image], "ten", resize="opencv", ten_crop="matlab")
    prep = replace(vars(full_model)["preprocess"], rule="opencv", ten_crop="matlab")
    assert found == memnet.predict(full_model, [image], "ten", preprocess=prep)
    assert found != memnet.predict(full_model, [image], "ten")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"resize": "nearest"}, "rule is 'nearest'; known: matlab, opencv, pil, skimage-legacy"),
        ({"ten_crop": "caffe"}, "ten_crop is 'caffe'; known: pycaffe, matlab"),
        ({"resize": "pil", "preprocess": ResMemPreprocess()}, "ResMem is fed in one way alone"),
        ({"calibration": "none.json"}, "a calibration is raw, ganalyze or a saved file"),
    ],
)
def test_unknown_settings_are_refused(
    full_model: memnet.MemNet, settings: dict[str, Any], match: str
) -> None:
    with pytest.raises(CaffeError, match=match):
        memnet.predict(full_model, [], **settings)


def test_unknown_crops_are_refused(full_model: memnet.MemNet) -> None:
    with pytest.raises(ValueError, match="crops is 'five'; it may be 'center' or 'ten'"):
        memnet.predict(full_model, [], "five")


def test_one_string_is_refused(full_model: memnet.MemNet) -> None:
    with pytest.raises(TypeError, match="give a list of paths"):
        memnet.predict(full_model, "a.jpg")


@pytest.mark.parametrize(
    ("images", "match"),
    [
        (np.zeros((9, 7, 3), np.uint8), r"one array of shape \(9, 7, 3\); give a list of images"),
        (torch.zeros(3, 9, 7, dtype=torch.uint8), r"one array of shape \(3, 9, 7\)"),
        (Image.new("RGB", (7, 9)), "images is one Image; give a list"),
        (Path("a.jpg"), "images is one PosixPath; give a list"),
    ],
)
def test_one_image_is_not_taken_for_a_list(
    full_model: memnet.MemNet, images: Any, match: str
) -> None:
    """The rows of an array were scored as grey pictures."""
    with pytest.raises(TypeError, match=match):
        memnet.predict(full_model, images)


def test_stacks_are_lists(full_model: memnet.MemNet) -> None:
    stack = natural_images(2, size=40)
    expected = memnet.predict(full_model, list(stack))
    assert np.array_equal(memnet.predict(full_model, stack), expected)
    planes = torch.from_numpy(stack.transpose(0, 3, 1, 2).copy())
    assert np.array_equal(memnet.predict(full_model, planes), expected)


def test_odd_image_is_named_by_its_place(full_model: memnet.MemNet) -> None:
    images = [np.zeros((9, 7, 3), np.uint8), np.zeros((9, 7, 4), np.uint8)]
    with pytest.raises(FileFormatError, match=r"^images\[1\]: an image array must be"):
        memnet.predict(full_model, images)


def test_negative_workers_are_refused(full_model: memnet.MemNet) -> None:
    with pytest.raises(ValueError, match="workers is -1; it must be at least 0"):
        memnet.predict(full_model, [], workers=-1)
