"""Recordings: `.npz` and HDF5, several forwards, a second forward, what is told of them, and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import golden
import h5py
import numpy as np
import pytest
from natural_images import natural_images
from PIL import Image

import validation
from converter.conversion import prepare
from converter.errors import FileFormatError, InvalidNetError
from memnet.crops import crop
from memnet.preprocessing import preprocessing
from validation.judges.recording import load_recording
from validation.scores.source import Sources
from validation.traces import reference_backend


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


def as_hdf5(recording: Path, path: Path) -> Path:
    with np.load(recording) as arrays, h5py.File(path, "w") as file:
        for name in arrays.files:
            file[name] = arrays[name]
    return path


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
@pytest.mark.parametrize("name", ["memnet_thin", "inception"])
def test_hdf5_is_read_as_npz(shared: Path, tmp_path: Path, name: str, suffix: str) -> None:
    """inception's blobs have names with slashes, which are groups of groups in HDF5."""
    source = shared / "goldens/nets" / name / "blobs.npz"
    found, expected = (
        load_recording(as_hdf5(source, tmp_path / f"r{suffix}")),
        load_recording(source),
    )
    assert found.outputs.keys() == expected.outputs.keys()
    assert all(np.array_equal(found.outputs[b], expected.outputs[b]) for b in found.outputs)
    assert np.array_equal(found.inputs["data"], expected.inputs["data"])


def test_hdf5_is_a_judge(thin: Path, tmp_path: Path) -> None:
    path = as_hdf5(thin / "blobs.npz", tmp_path / "recorded.h5")
    report = validation.check_parity(thin / "net.caffemodel", thin / "net.prototxt", (path,))
    assert report.verdict == "passed"
    assert {row.judge for row in report.blobs} == {"recorded.h5"}


SECOND = [case["case"] for case in golden.index() if case.get("second_forward")]


@pytest.mark.parametrize("name", SECOND)
def test_second_forward_goes_on_from_the_first(shared: Path, name: str) -> None:
    folder = shared / "goldens/layers" / name
    report = validation.check_parity(
        folder / "net.caffemodel", folder / "net.prototxt", (folder / "blobs.npz",)
    )
    assert report.verdict == "passed", str(report)
    assert not any("not compared" in note for note in report.notes)
    with np.load(folder / "blobs.npz") as file:
        rows = {row.blob: row.elements for row in report.blobs}
        again = [key[5:] for key in file.files if key.startswith("out2/")]
        assert again
        assert all(rows[blob] == 2 * file[f"out/{blob}"].size for blob in again if blob in rows)
        assert any(not np.array_equal(file[f"out/{b}"], file[f"out2/{b}"]) for b in again)


def test_several_forwards_are_fed_one_by_one(thin: Path, tmp_path: Path) -> None:
    with np.load(thin / "blobs.npz") as file:
        data, scores = file["in/data"], file["out/fc8-euclidean"]
        at = np.array([5, 99])
        sample = file["out/conv3"].reshape(2, -1)[:, at]
    np.savez(
        tmp_path / "rows.npz",
        **{"in/data": data, "out/fc8-euclidean": scores, "pos/conv3": at, "sample/conv3": sample},
    )
    forwards = list(load_recording(tmp_path / "rows.npz").forwards({"data": data}))
    assert [one.inputs["data"].shape for one in forwards] == [(1, 3, 227, 227)] * 2
    assert np.array_equal(forwards[1].inputs["data"][0], data[1])
    report = validation.check_parity(
        thin / "net.caffemodel", thin / "net.prototxt", (tmp_path / "rows.npz",)
    )
    assert report.verdict == "passed", str(report)
    (row,) = [row for row in report.blobs if row.blob == "conv3"]
    assert row.elements == 4
    assert row.shape == (2, 1, 48, 13, 13)
    assert len(row.worst) == 5


def test_inputs_that_cannot_be_cut_are_refused(thin: Path, tmp_path: Path) -> None:
    with np.load(thin / "blobs.npz") as file:
        arrays = {
            "in/data": file["in/data"],
            "pos/fc6": np.arange(3),
            "sample/fc6": np.zeros((3, 3)),
        }
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(
        InvalidNetError, match=r"odd\.npz: input 'data' .* cannot be cut into the 3"
    ):
        validation.check_parity(
            thin / "net.caffemodel", thin / "net.prototxt", (tmp_path / "odd.npz",)
        )


def test_what_recorded_it_is_told(thin: Path, tmp_path: Path) -> None:
    with np.load(thin / "blobs.npz") as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("batch10")}
    np.savez(tmp_path / "r.npz", about=np.array(json.dumps({"caffe": "1.0.0-rc3"})), **arrays)
    assert load_recording(tmp_path / "r.npz").about == {"caffe": "1.0.0-rc3"}
    report = validation.check_parity(
        thin / "net.caffemodel", thin / "net.prototxt", (tmp_path / "r.npz",)
    )
    assert "r.npz: recorded by Caffe 1.0.0-rc3" in report.notes


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"x": np.zeros(2)}, "holds neither out/<blob> nor sample/<blob>, nor scores"),
        ({"pos/a": np.zeros(2), "out/a": np.zeros(2)}, "pos/ and sample/ must be of the same"),
        ({"out/a": np.zeros(2), "about": np.array("{")}, "`about` is not JSON"),
        ({"out/a": np.array(["x"])}, "out/a holds <U1, no real numbers"),
        ({"pos/a": np.array([-1]), "sample/a": np.zeros(1)}, "pos/a must hold whole numbers"),
        ({"pos/a": np.array([0.5]), "sample/a": np.zeros(1)}, "pos/a must hold whole numbers"),
    ],
)
def test_wrong_recording_is_told(tmp_path: Path, arrays: dict[str, np.ndarray], match: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(FileFormatError, match=rf"bad\.npz: {match}"):
        load_recording(tmp_path / "bad.npz")


def test_damaged_hdf5_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.h5").write_bytes(b"\x89HDF\r\n\x1a\nno")
    with pytest.raises(FileFormatError, match=r"bad\.h5: is not a readable HDF5 recording"):
        load_recording(tmp_path / "bad.h5")


@pytest.mark.parametrize("crops", ["center", "ten"])
def test_recording_without_inputs_is_fed_the_crops_that_it_was_made_with(
    thin: Path, tmp_path: Path, crops: str
) -> None:
    """Whichever crops are asked for: the recording is of three images, with one row or ten for each."""
    conversion = prepare(thin / "net.caffemodel", thin / "net.prototxt")
    rule = preprocessing(np.full((3, 1, 1), 110, np.float32))
    fed = []
    for at, image in enumerate(natural_images(3)):
        Image.fromarray(image).save(tmp_path / f"{at}.png")
        fed.append(crop(rule, image, crops))
    trace = reference_backend(conversion)({"data": np.concatenate(fed)})
    places = np.array([0, trace["conv3"][: len(fed[0])].size - 1])
    arrays = {
        "out/fc8-euclidean": trace["fc8-euclidean"].reshape(3, -1),
        "pos/conv3": places,
        "sample/conv3": trace["conv3"].reshape(3, -1)[:, places],
    }
    np.savez(tmp_path / "r.npz", **arrays)
    for asked in (("center",), ("ten",), ("center", "ten")):
        report = validation.check_parity(
            thin / "net.caffemodel",
            thin / "net.prototxt",
            (tmp_path / "r.npz",),
            sources=Sources(images=(str(tmp_path),), crops=asked),
            preprocess=rule,
        )
        assert all(row.passed for row in report.blobs), str(report)
        assert [row.elements for row in report.blobs] == [6, len(np.concatenate(fed))]
