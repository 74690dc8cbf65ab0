"""Means from every format, against NumPy, scipy, and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from converter.errors import CaffeError, FileFormatError
from converter.files.mean import load_mean
from protos import BlobProto

if TYPE_CHECKING:
    from pathlib import Path

PLANES = np.random.default_rng(9).normal(100, 30, (3, 7, 5)).astype(np.float32)
GREY = PLANES[:1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mean"


def saved(path: Path, array: np.ndarray[Any, Any]) -> Path:
    with path.open("wb") as file:
        np.save(file, array)
    return path


NPY = [
    (PLANES, PLANES),
    (PLANES.astype("f8"), PLANES),
    (PLANES.astype(">f8"), PLANES),
    (np.asfortranarray(PLANES), PLANES),
    (PLANES[None], PLANES),
    (PLANES.transpose(1, 2, 0), PLANES),
    (PLANES.transpose(1, 2, 0)[None], PLANES),
    (PLANES.astype("u1"), PLANES.astype("u1").astype("f4")),
    (GREY, GREY),
    (GREY[0], GREY),
    (GREY.transpose(1, 2, 0), GREY),
    (np.array([104.0, 117.0, 123.0]), np.array([[[104]], [[117]], [[123]]], "f4")),
    (np.array([[[104.0]], [[117.0]], [[123.0]]]), np.array([[[104]], [[117]], [[123]]], "f4")),
    (np.array([127.5]), np.array([[[127.5]]], "f4")),
    (np.array(127.5), np.array([[[127.5]]], "f4")),
]


@pytest.mark.parametrize(("stored", "wanted"), NPY)
def test_npy_is_brought_to_channels_first(
    path: Path, stored: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]
) -> None:
    mean = load_mean(saved(path, stored))
    np.testing.assert_array_equal(mean, wanted, strict=True)
    assert mean.flags.c_contiguous
    assert mean.flags.writeable


REFUSED_NPY = [
    (np.zeros((3, 7, 3)), r"has shape \(3, 7, 3\), which is not, or not surely"),
    (np.zeros((1, 7, 3)), "not surely"),
    (np.zeros((3, 3, 3)), "not surely"),
    (np.zeros((4, 7, 5)), "not surely"),
    (np.zeros((2, 3, 7, 5)), "not surely"),
    (np.zeros((3, 5)), "not surely"),
    (np.zeros(5), "not surely"),
    (np.array([1, np.nan, 2]), "infinite or no numbers"),
    (PLANES.astype("c8"), "holds complex64, a mean is of numbers"),
    (np.zeros(3, "S4"), "holds [|]S4, a mean is of numbers"),
    (np.zeros(3, [("a", "f4")]), "a mean is of numbers"),
    (np.array([{}], object), r"is a damaged \.npy file .*Python objects"),
]


@pytest.mark.parametrize(("stored", "message"), REFUSED_NPY)
def test_npy_that_is_unclear_is_refused(
    path: Path, stored: np.ndarray[Any, Any], message: str
) -> None:
    with pytest.raises(FileFormatError, match=message):
        load_mean(saved(path, stored))


def test_npy_that_claims_more_than_it_holds_is_refused(path: Path) -> None:
    saved(path, np.zeros((3, 9, 9)))
    path.write_bytes(path.read_bytes().replace(b"(3, 9, 9)", b"(3,99999,99999)"))
    with pytest.raises(FileFormatError, match=r"is a damaged \.npy file"):
        load_mean(path)


UNPACKED = b"\x08\x01\x10\x03\x18\x07\x20\x05" + b"".join(
    b"\x2d" + value.tobytes() for value in PLANES.ravel()
)
SIZES = {"num": 1, "channels": 3, "height": 7, "width": 5}
BLOBS = [
    BlobProto(**SIZES, data=PLANES.ravel()).SerializeToString(),
    BlobProto(**SIZES, double_data=PLANES.ravel()).SerializeToString(),
    BlobProto(shape={"dim": [3, 7, 5]}, data=PLANES.ravel()).SerializeToString(),
    BlobProto(shape={"dim": [1, 3, 7, 5]}, data=PLANES.ravel()).SerializeToString(),
    UNPACKED,
]


@pytest.mark.parametrize("stored", BLOBS)
def test_blobs_are_read_in_every_form(path: Path, stored: bytes) -> None:
    path.write_bytes(stored)
    np.testing.assert_array_equal(load_mean(path), PLANES, strict=True)


def test_a_blob_of_channel_means_has_one_pixel(path: Path) -> None:
    path.write_bytes(BlobProto(shape={"dim": [3]}, data=[1, 2, 3]).SerializeToString())
    assert load_mean(path).shape == (3, 1, 1)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (BlobProto(num=2, channels=1, height=1, width=1, data=[1, 2]), r"shape \(2, 1, 1, 1\)"),
        (BlobProto(shape={"dim": [2, 2]}, data=[1, 2, 3, 4]), r"a mean is \(channels, h, w\)"),
        (BlobProto(**SIZES, data=[1]), "which need 105 numbers, but the file holds 1"),
    ],
)
def test_blobs_that_are_no_mean_are_refused(path: Path, blob: BlobProto, message: str) -> None:
    path.write_bytes(blob.SerializeToString())
    with pytest.raises(FileFormatError, match=message):
        load_mean(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1"])
@pytest.mark.parametrize(("name", "axes"), [("image_mean", (1, 2, 0)), ("mean_data", (2, 1, 0))])
def test_mat_is_read_by_its_variables_name(
    path: Path, name: str, axes: tuple[int, ...], dtype: str, compressed: bool
) -> None:
    planes = PLANES.astype(dtype)
    savemat(path, {"note": "a mean", name: planes.transpose(axes)}, do_compression=compressed)
    path = next(path.parent.iterdir())
    np.testing.assert_array_equal(load_mean(path), planes.astype("f4"), strict=True)


def modern_mat(path: Path, **variables: np.ndarray[Any, Any]) -> Path:
    """What MATLAB 7.3 writes: HDF5 after a block of 512 bytes, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        file.update({name: array.T for name, array in variables.items()})
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


@pytest.mark.parametrize(("name", "axes"), [("image_mean", (1, 2, 0)), ("mean_data", (2, 1, 0))])
def test_mat_7_3_is_read_alike(path: Path, name: str, axes: tuple[int, ...]) -> None:
    modern_mat(path, **{name: PLANES.transpose(axes).astype("f8")})
    np.testing.assert_array_equal(load_mean(path), PLANES, strict=True)


def test_mat_without_a_last_axis_is_grey(path: Path) -> None:
    np.testing.assert_array_equal(load_mean(modern_mat(path, mean_data=GREY[0].T)), GREY)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"m": PLANES.transpose(2, 1, 0)}, r"holds m \(5, 7, 3\), whose axes are not known"),
        ({"mean_data": PLANES}, r"has shape \(3, 7, 5\), which is not, or not surely"),
        ({"a": PLANES, "b": PLANES}, r"must hold one mean, called .* but holds a \(3, 7, 5\), b"),
        ({"image_mean": PLANES, "mean_data": PLANES}, "must hold one mean"),
    ],
)
def test_mat_that_is_unclear_is_refused(
    path: Path, variables: dict[str, np.ndarray[Any, Any]], message: str
) -> None:
    with pytest.raises(FileFormatError, match=message):
        load_mean(modern_mat(path, **variables))
    old = path.with_name("old.mat")
    savemat(old, variables)
    with pytest.raises(FileFormatError, match=message):
        load_mean(old)


def test_channel_means_in_mat_need_no_name(path: Path) -> None:
    assert load_mean(modern_mat(path, m=np.array([[1.0, 2.0, 3.0]]))).shape == (3, 1, 1)


def test_published_means_of_one_data_set_agree(shared: Path) -> None:
    means = shared / "models/means"
    blob = load_mean(means / "ilsvrc_2012_mean.binaryproto")
    assert blob.shape == (3, 256, 256)
    np.testing.assert_array_equal(load_mean(means / "ilsvrc_2012_mean.mat"), blob, strict=True)
    np.testing.assert_array_equal(load_mean(means / "ilsvrc_2012_mean.f64.npy"), blob)
    older = load_mean(means / "ilsvrc_2012_mean.2013.mat")  # another resizing of the same images
    assert abs(older - blob).max() < 0.02
    assert abs(older.transpose(0, 2, 1) - blob).max() > 10  # its axes are not those of the other


def test_every_published_mean_is_read(shared: Path) -> None:
    shapes = {
        path.name.partition("_mean")[0]: load_mean(path).shape
        for path in shared.glob("models/means/*.binaryproto")
    }
    assert shapes == {
        "age_gender": (3, 256, 256),
        "cifar10": (3, 32, 32),
        "ilsvrc_2012": (3, 256, 256),
        "mnist": (1, 28, 28),
        "sample": (3, 10, 10),
        "verifycode": (3, 26, 22),
    }


@pytest.mark.parametrize(
    "name",
    ["mean.npy", "mean.binaryproto", "mean_shape_double.binaryproto", "blobproto_to_array.npy"],
)
def test_recorded_means_are_those_of_pycaffe(shared: Path, name: str) -> None:
    folder = shared / "goldens/formats/mean"
    wanted = np.load(folder / "blobproto_to_array.npy")[0]
    np.testing.assert_array_equal(load_mean(folder / name), wanted, strict=True)


def test_the_mean_of_memnet_is_height_width_channels(shared: Path) -> None:
    path = shared / "memorability/memnet_image_mean.npy"
    np.testing.assert_array_equal(load_mean(path), np.load(path).transpose(2, 0, 1), strict=True)


def test_other_files_are_named(shared: Path) -> None:
    path = shared / "goldens/formats/v2_binary/net.caffemodel"
    with pytest.raises(FileFormatError, match="holds no mean: it is a binary Caffe net"):
        load_mean(path)


def test_damaged_means_are_read_or_refused_in_words(path: Path) -> None:
    rng = np.random.default_rng(2)
    savemat(path.with_suffix(".mat"), {"mean_data": PLANES}, do_compression=True)
    savemat(path.with_name("plain.mat"), {"image_mean": PLANES.transpose(1, 2, 0)})
    sources = [
        saved(path, PLANES).read_bytes(),
        BLOBS[2],
        path.with_suffix(".mat").read_bytes(),
        path.with_name("plain.mat").read_bytes(),
        modern_mat(path, mean_data=PLANES).read_bytes(),
    ]
    refused = 0
    for attempt in range(1000):
        source = sources[attempt % len(sources)]
        damaged = bytearray(source)
        for _ in range(3):
            damaged[rng.integers(min(400, len(source)))] = rng.integers(256)
        path.write_bytes(damaged if attempt % 3 else source[: rng.integers(len(source))])
        try:
            load_mean(path)
        except CaffeError:
            refused += 1
    assert 300 < refused < 1000
