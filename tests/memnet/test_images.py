"""What becomes of each kind of picture, against pycaffe's load_image and Caffe's own reader, which is OpenCV's."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from natural_images import natural_images
from PIL import Image

from converter.errors import FileFormatError
from memnet.images import read_image

SAME = ("scene.png", "scene.jpg", "odd.png", "constant.png", "gray.jpg", "gray_odd.png", "palette.png", "rgba.png",
        "exif_rot6.jpg")  # fmt: skip


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Path:
    return shared / "goldens/preprocess"


def loaded(folder: Path, name: str) -> np.ndarray:
    """pycaffe's load_image in grey levels; it divides by 255."""
    return np.load(folder / "load_image.npz")[f"load/{name}/color"]


@pytest.mark.parametrize("name", SAME)
def test_picture_is_pycaffes_bitwise(recorded: Path, name: str) -> None:
    found = (read_image(recorded / "images" / name) / 255).astype(np.float32)
    assert found.tobytes() == loaded(recorded, name).tobytes()


def test_every_recorded_picture_is_compared(recorded: Path) -> None:
    elsewhere = {"gray16.png", "cmyk.jpg", "gray_alpha.png"}
    assert {path.name for path in (recorded / "images").iterdir()} == {*SAME, *elsewhere}


def test_sixteen_bits_are_rounded_from_pycaffes(recorded: Path) -> None:
    found = read_image(recorded / "images/gray16.png")
    assert np.array_equal(found, np.rint(loaded(recorded, "gray16.png") * 255))


def test_grey_with_alpha_is_the_grey_where_pycaffe_gives_two_channels(recorded: Path) -> None:
    found = read_image(recorded / "images/gray_alpha.png")
    grey = np.rint(loaded(recorded, "gray_alpha.png")[:, :, :1] * 255)
    assert np.array_equal(found, np.repeat(grey, 3, axis=2))


def test_cmyk_is_rgb_as_caffes_reader_has_it_and_not_pycaffes_inks(recorded: Path) -> None:
    path = recorded / "images/cmyk.jpg"
    found = read_image(path).astype(int)
    caffes = cv2.imread(str(path))[:, :, ::-1].astype(int)
    assert np.abs(found - caffes).max() <= 1  # OpenCV's fixed point
    with Image.open(path) as picture:
        inks = np.asarray(picture)[:, :, :3]
    assert np.array_equal(np.rint(loaded(recorded, "cmyk.jpg") * 255), inks)


@pytest.mark.parametrize(("mode", "suffix"), [("L", "png"), ("1", "png"), ("P", "gif"), ("LA", "png"), ("PA", "tiff"),
                                              ("CMYK", "tiff"), ("YCbCr", "jpg"), ("RGBA", "webp")])  # fmt: skip
def test_every_mode_becomes_rgb(mode: str, suffix: str, tmp_path: Path) -> None:
    picture = Image.fromarray(natural_images(1, size=16)[0][:, :13])
    path = tmp_path / f"picture.{suffix}"
    (
        picture.convert("LA" if mode == "LA" else mode) if mode != "PA" else picture.convert("P")
    ).save(path)
    found = read_image(path)
    assert (found.shape, found.dtype) == ((16, 13, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_first_picture_of_an_animation_is_taken(suffix: str, tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((8, 9, 3), level, np.uint8)) for level in (40, 200)]
    path = tmp_path / f"moving.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert np.array_equal(read_image(path), np.full((8, 9, 3), 40))


def test_ends_of_sixteen_bits_are_the_ends_of_eight(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.array([[0, 128, 129, 65535]], np.uint16)).save(path)
    assert read_image(path)[0, :, 1].tolist() == [0, 0, 1, 255]


def test_sixteen_bits_of_a_pgm_are_those_of_a_png(tmp_path: Path) -> None:
    """They were refused as more than 16 bits: Pillow has them in 32."""
    path = tmp_path / "deep.ppm"
    path.write_bytes(b"P5 4 1 65535\n" + np.array([0, 128, 129, 65535], ">u2").tobytes())
    assert read_image(path)[0, :, 1].tolist() == [0, 0, 1, 255]


def test_white_is_zero_in_a_tiff_of_sixteen_bits_as_in_one_of_eight(
    tmp_path: Path,
) -> None:
    """The former came as its negative. Pillow itself turns the latter round."""
    for dtype, white in ((np.uint16, 257), (np.uint8, 1)):
        pixels = np.array([[0, white, 255 * white]], dtype)
        Image.fromarray(pixels).save(tmp_path / "p.tiff")
        data = bytearray((tmp_path / "p.tiff").read_bytes())
        at = data.index(np.array([262, 3], "<u2").tobytes())  # tag and type; count; value
        data[at + 8] = 0
        assert read_image(bytes(data))[0, :, 1].tolist() == [255, 254, 0]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_thirty_two_bits_are_refused(dtype: type, tmp_path: Path) -> None:
    path = tmp_path / "deep.tiff"
    Image.fromarray(np.full((4, 6), 40_000, dtype)).save(path)
    with pytest.raises(FileFormatError, match=r"deep\.tiff: has pixels of more than 16 bits"):
        read_image(path)


def test_bytes_are_read_as_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(natural_images(1, size=32)[0]).save(path)
    assert np.array_equal(read_image(path.read_bytes()), read_image(path))


def test_bytes_of_no_image_are_refused() -> None:
    with pytest.raises(FileFormatError, match="is not an image that Pillow can read"):
        read_image(b"no image")


def test_tensors_are_channels_first() -> None:
    import torch

    image = natural_images(1, size=16)[0][:, :11]
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
    assert np.array_equal(read_image(tensor), image)
    assert np.array_equal(read_image(tensor[:1]), np.repeat(image[:, :, :1], 3, axis=2))


def test_odd_tensors_are_refused() -> None:
    import torch

    with pytest.raises(FileFormatError, match=r"must be \(3, height, width\), found \(8, 8, 3\)"):
        read_image(torch.zeros(8, 8, 3, dtype=torch.uint8))
    with pytest.raises(FileFormatError, match="must be uint8, 0 to 255, found float32"):
        read_image(torch.zeros(3, 8, 8))


def test_transparent_palette_is_its_colours_without_a_warning(tmp_path: Path) -> None:
    """Pillow warns, which named no file."""
    picture = Image.fromarray(natural_images(1, size=16)[0]).convert("P")
    path = tmp_path / "palette.png"
    picture.save(path, transparency=bytes([0, 128, *[255] * 254]))
    assert np.array_equal(read_image(path), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", r"a\.jpg: .*Pillow can read: it is an empty file; the download failed"),
        (b"<!DOCTYPE html><title>404</title>", r"can read: it is a web page; .*\(\"404\"\)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "`git lfs pull`"),
        (b"no picture", r"is not an image that Pillow can read$"),
    ],
)
def test_what_came_in_place_of_a_picture_is_told(
    content: bytes, match: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        read_image(path)


def test_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(FileFormatError, match=r"a\.jpg: is a named pipe"):
        read_image(tmp_path / "a.jpg")


def test_more_pixels_than_pillow_allows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(FileFormatError, match=r"huge\.png: is refused: Image size \(400000000"):
        read_image(path)


def test_whatever_a_decoder_raises_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged TIFF ended a run with a TypeError, one in some 100,000."""
    data = BytesIO()
    Image.fromarray(natural_images(1, size=16)[0]).save(data, "TIFF")
    at = data.getvalue().index(b"\x11\x01\x04\x00") + 2  # the type of StripOffsets: now texts
    damaged = bytearray(data.getvalue())
    damaged[at] = 2
    with pytest.raises(FileFormatError, match="cannot be read as an image"):
        read_image(bytes(damaged))


@pytest.mark.parametrize("source", [None, 1.0, [[1, 2], [3, 4]], bytearray(b"a")])
def test_what_is_no_image_is_refused_with_what_may_be(source: object) -> None:
    with pytest.raises(TypeError, match="a PIL image, an array or a tensor, found"):
        read_image(source)  # type: ignore[arg-type]


def test_pil_image_of_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.fromarray(natural_images(1)[0]).save(path)
    path.write_bytes(path.read_bytes()[:900])
    with Image.open(path) as picture, pytest.raises(FileFormatError, match="truncated"):
        read_image(picture)


def test_type_that_numpy_lacks_is_refused() -> None:
    import torch

    with pytest.raises(FileFormatError, match="must be uint8, 0 to 255, found bfloat16"):
        read_image(torch.zeros(3, 8, 8, dtype=torch.bfloat16))
