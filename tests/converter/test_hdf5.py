"""Caffe's HDF5 weights, and HDF5 files that lead elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from converter.errors import CaffeError, FileFormatError, WeightsError
from converter.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MATRIX = np.arange(15, dtype="<f4").reshape(3, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.caffemodel.h5"


def written(path: Path, write: Callable[[h5py.Group], object]) -> Path:
    with h5py.File(path, "w") as file:
        write(file.create_group("data"))
    return path


def test_layers_lie_by_name_and_number(path: Path) -> None:
    def write(data: h5py.Group) -> None:
        data["ip/1"] = MATRIX[0]
        data["ip/0"] = MATRIX
        data.create_group("relu")

    weights = load_weights(written(path, write))
    assert dict(weights).keys() == {"ip", "relu"}
    assert weights["relu"] == ()
    np.testing.assert_array_equal(weights["ip"][0], MATRIX, strict=True)
    np.testing.assert_array_equal(weights.fit("ip", 1, (5,)), MATRIX[0], strict=True)


def test_a_slash_in_a_name_is_a_group_in_a_group(path: Path) -> None:
    def write(data: h5py.Group) -> None:
        data["a/1x1/0"] = MATRIX
        data["a/0"] = MATRIX[0]
        data.create_group("b/relu")

    weights = load_weights(written(path, write))
    assert set(weights) == {"a/1x1", "a", "b/relu"}
    np.testing.assert_array_equal(weights["a/1x1"][0], MATRIX, strict=True)
    np.testing.assert_array_equal(weights["a"][0], MATRIX[0], strict=True)


def test_a_shared_blob_is_stored_with_its_owner_alone(shared: Path) -> None:
    weights = load_weights(shared / "goldens/formats/shared_params_hdf5/m.h5")
    assert [array.shape for array in weights["c"]] == [(4, 4, 3, 3), (4,)]
    assert (weights["c2"], weights.count("c2")) == ((), 0)


def test_a_blob_missing_before_others_keeps_their_numbers(path: Path) -> None:
    weights = load_weights(written(path, lambda data: data.update({"ip/1": MATRIX[0]})))
    assert (weights.indices("ip"), weights.count("ip")) == ((1,), 2)
    np.testing.assert_array_equal(weights.fit("ip", 1, (5,)), MATRIX[0], strict=True)
    with pytest.raises(WeightsError, match="layer 'ip': the file has no blob 0"):
        weights.fit("ip", 0, (3, 5))


@pytest.mark.parametrize("dtype", ["<f2", "<f8", ">f4", ">f8"])
def test_other_floats_become_float32(path: Path, dtype: str) -> None:
    weights = load_weights(written(path, lambda data: data.update({"ip/0": MATRIX.astype(dtype)})))
    np.testing.assert_array_equal(weights["ip"][0], MATRIX, strict=True)


def test_compressed_numbers_are_read(path: Path) -> None:
    def write(data: h5py.Group) -> None:
        data.create_dataset("ip/0", data=MATRIX, compression="gzip")

    np.testing.assert_array_equal(load_weights(written(path, write))["ip"][0], MATRIX, strict=True)


def test_shapes_are_taken_as_they_are(path: Path) -> None:
    weights = load_weights(written(path, lambda data: data.update({"ip/0": MATRIX[None, None]})))
    assert weights["ip"][0].shape == (1, 1, 3, 5)  # HDF5 has no legacy dims
    with pytest.raises(WeightsError, match="the net needs"):
        weights.fit("ip", 0, (3, 5))


def external_storage(data: h5py.Group) -> None:
    data.create_dataset("ip/0", (3, 5), "<f4", external=[("/etc/hostname", 0, 60)])


def virtual(data: h5py.Group) -> None:
    layout = h5py.VirtualLayout((5,), "<f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (5,))
    data.create_group("ip").create_virtual_dataset("0", layout)


REFUSED: list[tuple[str, Callable[[h5py.Group], object]]] = [
    (
        "/data/ip is a link, which Caffe never writes",
        lambda data: data.update({"ip": h5py.ExternalLink("other.h5", "/data")}),
    ),
    (
        "/data/ip is a link, which Caffe never writes",
        lambda data: data.update({"ip": h5py.SoftLink("/elsewhere")}),
    ),
    (
        "/data/ip/0 is a link, which Caffe never writes",
        lambda data: data.create_group("ip").update({"0": h5py.SoftLink("/data")}),
    ),
    (
        "/data/ip is neither a group nor a data set",
        lambda data: data.update({"ip": np.dtype("f4")}),
    ),
    ("keeps its numbers in other files", external_storage),
    ("keeps its numbers in other files", virtual),
    (
        "layer 'ip': blob 0: claims 4000000000000 bytes, more than a file",
        lambda data: data.create_dataset("ip/0", (1000, 10**9), "<f4", chunks=(1000, 1000)),
    ),
    ("holds int32 where Caffe stores floats", lambda data: data.update({"ip/0": np.int32([1])})),
    ("where Caffe stores floats", lambda data: data.update({"ip/0": "text"})),
    ("where Caffe stores floats", lambda data: data.update({"ip/0": h5py.Empty("f4")})),
    ("has a data set 'weight'", lambda data: data.update({"ip/weight": MATRIX})),
    ("has a data set '01'", lambda data: data.update({"ip/01": MATRIX})),
    ("inside itself or twice", lambda data: data.create_group("ip").update({"a": data})),
]


@pytest.mark.parametrize(("message", "write"), REFUSED)
def test_what_leads_out_of_the_file_or_cannot_be_is_refused(
    path: Path, message: str, write: Callable[[h5py.Group], object]
) -> None:
    written(path, write)
    with pytest.raises(FileFormatError, match=message) as refused:
        load_weights(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_solver_states_are_named(shared: Path) -> None:
    path = shared / "goldens/formats/solver/snap_hdf5_iter_5.solverstate.h5"
    with pytest.raises(FileFormatError, match="holds no weights: it is a solver state in HDF5"):
        load_weights(path)


def test_data_behind_a_link_is_not_weights(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = h5py.ExternalLink("other.h5", "/data")
    with pytest.raises(FileFormatError, match="HDF5 file without Caffe's group /data"):
        load_weights(path)


def test_a_file_changed_after_opening_is_refused_in_words(path: Path) -> None:
    weights = load_weights(written(path, lambda data: data.update({"ip/0": MATRIX})))
    path.write_bytes(b"something else")
    with pytest.raises(FileFormatError, match=r"layer 'ip': blob 0: is a damaged HDF5 file"):
        weights["ip"]


def test_damaged_files_are_read_or_refused_in_words(shared: Path, path: Path) -> None:
    data = (shared / "goldens/formats/shared_params_hdf5/m.h5").read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for attempt in range(400):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(damaged if attempt % 2 else data[: rng.integers(len(data))])
        try:
            dict(load_weights(path))
        except CaffeError:
            refused += 1
    assert 100 < refused < 400
