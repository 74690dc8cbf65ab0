"""`Preprocess` against what real pycaffe, and Caffe's ImageData layer, fed to nets."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from converter import Preprocess, load_mean, load_preprocess, tolerance
from converter.errors import FileFormatError, InvalidNetError
from converter.preprocess import CONFIG
from converter.transformer import from_transformer

LISTED = ("scene.png", "odd.png", "gray_odd.png", "rgba.png")  # imagedata/list.txt
MEAN3 = np.array([104, 117, 123], np.float32)[:, None, None]
TRANSFORMED = [
    *(f"scene.png/48x56/{config}" for config in ("scale", "mean_same_shape", "mean_other_shape", "plain")),
    *(f"{name}.png/48x56/bgr_raw255_mean3" for name in ("scene", "odd", "gray_odd", "rgba", "constant")),
    "scene.jpg/48x56/bgr_raw255_mean3",
    "odd.png/53x77/bgr_raw255_mean3",
    "odd.png/120x150/bgr_raw255_mean3",
]  # fmt: skip


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Path:
    return shared / "goldens/preprocess"


def pixels(path: Path) -> np.ndarray:
    """RGB as stored, transparency dropped."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_every_recorded_transformer_output_is_compared(recorded: Path) -> None:
    names = np.load(recorded / "transformer.npz").files
    ours = {f"oldskimage/{case}" for case in TRANSFORMED} | {"oldskimage/resize_2channel"}
    assert ours == {name for name in names if name.startswith("oldskimage/")}


@pytest.mark.parametrize("case", TRANSFORMED)
def test_transformer_is_pycaffes(recorded: Path, case: str) -> None:
    name, size, config = case.split("/")
    arrays = np.load(recorded / "transformer.npz")
    settings = json.loads((recorded / "transformer.json").read_text())[config]
    mean = settings.pop("mean")
    height, width = map(int, size.split("x"))
    prep = from_transformer(
        (height, width), mean=None if mean is None else arrays[mean], **settings
    )
    found, expected = prep(pixels(recorded / "images" / name)), arrays[f"oldskimage/{case}"]
    assert found.dtype == expected.dtype == np.float32
    unit = prep.scale  # of one grey level
    assert np.abs(found - expected).max() <= tolerance.RESIZE * unit
    if size == "53x77":  # the picture's own size: nothing is resized
        assert found.tobytes() == expected.tobytes()


def test_two_channels_are_zoomed_as_pycaffe_does(recorded: Path) -> None:
    from converter.resizing.resize import resize

    arrays = np.load(recorded / "transformer.npz")
    expected = arrays["oldskimage/resize_2channel"]
    found = resize(arrays["in/two_channel"], expected.shape[:2], "skimage-legacy")
    np.testing.assert_allclose(found, expected, atol=tolerance.RESIZE / 255)


@pytest.mark.parametrize("crops", ["oversample", "center"])
def test_classifier_predicts_as_pycaffes(recorded: Path, crops: str) -> None:
    import torch

    import converter
    from memnet.crops import crop

    folder = recorded / "classifier"
    module = converter.load(folder / "net.caffemodel", folder / "net.prototxt")
    prep = from_transformer(
        (27, 27), image_dims=(36, 38), channel_swap=(2, 1, 0), raw_scale=255, mean=MEAN3.ravel()
    )
    expected = np.load(folder / "predict.npz")[f"oldskimage/{crops}"]
    for name, row in zip(("scene.png", "odd.png", "gray_odd.png"), expected, strict=True):
        image = pixels(recorded / "images" / name)
        fed = crop(prep, image, "ten" if crops == "oversample" else "center")
        found = module(torch.from_numpy(fed)).detach().numpy().mean(0)
        np.testing.assert_allclose(found, row, rtol=tolerance.CAFFE)


IMAGE_DATA = {
    "resize": Preprocess(crop=(40, 48), resize=(40, 48), rule="opencv"),
    "resize_crop_mean3": Preprocess(crop=(27, 27), resize=(40, 48), rule="opencv", mean=MEAN3),
    "resize_meanfile_crop_scale": Preprocess(
        crop=(33, 33), resize=(40, 48), rule="opencv", scale=0.017
    ),
    "upsize": Preprocess(
        crop=(64, 64), resize=(130, 171), rule="opencv", mean=np.full((3, 1, 1), 100, np.float32)
    ),
}


@pytest.mark.parametrize("case", IMAGE_DATA)
def test_image_data_layer_is_equalled_bitwise(recorded: Path, case: str) -> None:
    prep = IMAGE_DATA[case]
    if case == "resize_meanfile_crop_scale":
        prep = replace(prep, mean=load_mean(recorded / "imagedata/mean.binaryproto"))
    found = np.stack([prep(pixels(recorded / "images" / name)) for name in LISTED])
    assert (
        found.tobytes() == np.load(recorded / "imagedata/imagedata.npz")[f"{case}/data"].tobytes()
    )


def test_image_data_layer_without_resizing_is_equalled_bitwise(recorded: Path) -> None:
    prep = Preprocess(crop=(32, 32), scale=0.00390625)
    found = prep(pixels(recorded / "images/odd.png"))[None]
    assert found.tobytes() == np.load(recorded / "imagedata/imagedata.npz")["asis/data"].tobytes()


def test_grey_image_data_layer_is_equalled_bitwise_after_opencvs_reader(recorded: Path) -> None:
    prep = Preprocess(
        crop=(40, 48),
        resize=(40, 48),
        rule="opencv",
        channel_order="GRAY",
        mean=np.full((1, 1, 1), 110.5, np.float32),
    )
    expected = np.load(recorded / "imagedata/imagedata.npz")["gray/data"]
    paths = [recorded / "images" / name for name in LISTED]
    read = [prep(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths]
    assert np.stack(read).tobytes() == expected.tobytes()
    ours = np.stack([prep(pixels(path)) for path in paths])
    away = np.abs(
        ours - expected
    )  # libpng truncates the grey that cvtColor rounds, with shares of its own
    assert away.max() <= 2
    assert away.mean() < 0.6


def test_grey_is_cvtcolors() -> None:
    image = np.random.default_rng(2).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    for rule in ("opencv", "matlab", "pil"):
        found = Preprocess(crop=(40, 50), rule=rule, channel_order="GRAY")(image)
        assert np.array_equal(found[0], cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("name", ["scene.png", "odd.png", "scene.jpg", "gray_odd.png"])
def test_grey_is_load_images_without_colour(recorded: Path, name: str) -> None:
    expected = np.load(recorded / "load_image.npz")[f"load/{name}/gray"][:, :, 0] * 255
    image = pixels(recorded / "images" / name)
    prep = Preprocess(crop=image.shape[:2], rule="skimage-legacy", channel_order="GRAY")
    assert np.abs(prep(image)[0] - expected).max() <= tolerance.RESIZE


def test_settings_travel_with_the_model(tmp_path: Path) -> None:
    mean = np.random.default_rng(4).uniform(90, 130, (3, 20, 22)).astype(np.float32)
    for given in (
        Preprocess(
            crop=(9, 7),
            resize=(20, 22),
            rule="pil",
            channel_order="RGB",
            mean=mean,
            ten_crop="matlab",
        ),
        Preprocess(crop=(5, 5), rule="skimage-legacy", scale=1 / 255, mean=mean[:, :1, :1]),
        Preprocess(crop=(5, 6), resize=(7, 8), rule="opencv", channel_order="GRAY"),
    ):
        for name, content in given.to_files().items():
            (tmp_path / name).write_bytes(content)
        found = load_preprocess(tmp_path)
        same = {field.name for field in fields(found)} - {"mean"}
        assert all(getattr(found, name) == getattr(given, name) for name in same)
        assert (found.mean is None) == (given.mean is None)
        if given.mean is not None:
            assert np.array_equal(found.mean, given.mean)


def test_configuration_without_ten_crop_means_pycaffes(tmp_path: Path) -> None:
    config = json.loads(Preprocess(crop=(5, 5)).to_files()[CONFIG])
    del config["ten_crop"]
    (tmp_path / CONFIG).write_text(json.dumps(config))
    assert load_preprocess(tmp_path).ten_crop == "pycaffe"


@pytest.mark.parametrize("key", ["resize_rule", "ten_crop", "channel_order"])
def test_unknown_name_in_a_configuration_is_refused(tmp_path: Path, key: str) -> None:
    config = json.loads(Preprocess(crop=(5, 5)).to_files()[CONFIG]) | {key: "torch"}
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(FileFormatError, match=r"is 'torch'; known: .*, "):
        load_preprocess(tmp_path)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"transpose": (0, 1, 2)}, r"transpose is \(2, 0, 1\)"),
        ({"channel_swap": (1, 0, 2)}, r"channel_swap \(2, 1, 0\) or none, found .* \(1, 0, 2\)"),
        ({"mean": np.zeros(2)}, r"mean has shape \(2,\); the net's input has 3 channels"),
        ({"raw_scale": 0}, "raw_scale is 0"),
    ],
)
def test_odd_transformer_is_refused(settings: dict, match: str) -> None:
    with pytest.raises(InvalidNetError, match=match):
        from_transformer((8, 8), **settings)
