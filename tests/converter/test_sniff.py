"""What files are, by content: real ones, and the usual things that come in place of a model."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from converter.files.sniff import Kind, describe, identify
from protos import BlobProto, NetParameter, SolverState

if TYPE_CHECKING:
    from pathlib import Path

NET = NetParameter(name="net", layer=[{"name": "conv", "type": "Convolution"}])


def zipped(*members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in members:
            archive.writestr(member, b"content")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("net.caffemodel"))
    return out.getvalue()


def saved(array: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(array))
    return out.getvalue()


def onnx() -> bytes:
    """ir_version 8, a producer, a graph, an opset."""
    return b"\x08\x08\x12\x07pytorch\x3a\x04\x0a\x02\x0a\x00\x42\x02\x10\x0d"


def graph() -> bytes:
    """TensorFlow: one node with a name and an op."""
    node = b"\x0a\x01x\x12\x0bPlaceholder"
    return b"\x0a" + bytes([len(node)]) + node + b"\x22\x02\x08\x1b"


def safetensors() -> bytes:
    head = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return len(head).to_bytes(8, "little") + head + bytes(4)


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:1234abcd\nsize 227491118\n"
DRIVE = (
    '<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title><meta charset="u">'
)
TORCH_MAGIC = 0x1950A86A20F9469CFC6C

CONTENTS: list[tuple[Kind, bytes | str]] = [
    (Kind.EMPTY, b""),
    (Kind.BINARY_NET, NET.SerializeToString()),
    (Kind.BINARY_NET, NetParameter(layers=[{"name": "a"}]).SerializeToString()),
    (Kind.BINARY_NET, NetParameter(input=["data"], layer=[{}]).SerializeToString()),
    (Kind.BINARY_NET, NET.SerializeToString()[:-3]),
    (Kind.TEXT_NET, 'name: "net"'),
    (Kind.TEXT_NET, "\ufeff# from a \u540d model\n\n  \nname : 'net'\nlayer{ }"),
    (Kind.TEXT_NET, 'layer: <\nname: "net: { layer"\n>'),
    (Kind.TEXT_NET, "# \udce9t\udce9\n" + 'input: "data"\ninput_dim: 1'),
    (Kind.TEXT_NET, "layers { layer { name: 'a' type: 'conv' } }"),
    (Kind.TEXT_SOLVER, '# solver\nnet: "train_val.prototxt"\nbase_lr: 0.01'),
    (Kind.TEXT_SOLVER, 'net_param { name: "x" layer { } } max_iter: 3'),
    (Kind.TEXT, "The quick brown fox: none of this is a net."),
    (Kind.TEXT, "# only a comment\n"),
    (Kind.BINARY_MEAN, BlobProto(num=1, channels=3, data=[1, 2]).SerializeToString()),
    (Kind.BINARY_MEAN, BlobProto(shape={"dim": [3]}, double_data=[1]).SerializeToString()),
    (Kind.BINARY_MEAN, b"\x08\x01\x2d\x00\x00\x80\x3f\x2d\x00\x00\x80\x3f"),
    (
        Kind.SOLVER_STATE,
        SolverState(iter=5, learned_net="a.caffemodel", history=[{}]).SerializeToString(),
    ),
    (Kind.SOLVER_STATE, SolverState(iter=5, current_step=1, history=[{}]).SerializeToString()),
    (Kind.NPY, saved([1.0])),
    (Kind.MAT, b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128)),
    (Kind.LFS_POINTER, LFS),
    (Kind.HTML, DRIVE),
    (Kind.HTML, '\n <html lang="en">'),
    (Kind.XML, '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    (Kind.JSON, '{"error": {"code": 404}}'),
    (Kind.JSON, json.dumps([{"layer": "a"}] * 20_000)),
    (Kind.UTF16, 'name: "net"'.encode("utf-16")),
    (Kind.UTF16, 'name: "net"'.encode("utf-16-le")),
    (Kind.UTF16, 'name: "net"'.encode("utf-16-be")),
    (Kind.GZIP, gzip.compress(b"x")),
    (Kind.BZIP2, bz2.compress(b"x")),
    (Kind.XZ, lzma.compress(b"x")),
    (Kind.ZSTD, bytes.fromhex("28b52ffd2001")),
    (Kind.ZIP, zipped("net.caffemodel")),
    (Kind.NPZ, zipped("mean.npy")),
    (Kind.PYTORCH, zipped("archive/data.pkl")),
    (Kind.PYTORCH, pickle.dumps(TORCH_MAGIC, protocol=2)),
    (Kind.PICKLE, pickle.dumps({"a": 1}, protocol=4)),
    (Kind.TAR, tarred()),
    (Kind.SEVEN_ZIP, b"7z\xbc\xaf\x27\x1c\x00\x04"),
    (Kind.RAR, b"Rar!\x1a\x07\x01\x00"),
    (Kind.IMAGE, b"\x89PNG\r\n\x1a\n" + bytes(20)),
    (Kind.IMAGE, b"\xff\xd8\xff\xe0" + bytes(20)),
    (Kind.IMAGE, b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    (Kind.SAFETENSORS, safetensors()),
    (Kind.ONNX, onnx()),
    (Kind.TENSORFLOW, graph()),
    (Kind.HDF5_DAMAGED, b"\x89HDF\r\n\x1a\n" + bytes(40)),
    (Kind.PYTHON, "#!/usr/bin/env python\nprint('x')"),
    (Kind.PYTHON, '# writes a net\nimport caffe\nnet: dict = {"layer": 1}'),
    (Kind.PYTHON, 'from caffe import layers as L\nlayer = {"name": 1}'),
    (Kind.UNKNOWN, bytes(100)),
    (Kind.UNKNOWN, bytes(range(256))),
]


@pytest.mark.parametrize(
    ("kind", "content"), CONTENTS, ids=lambda value: getattr(value, "name", "")
)
def test_content_is_recognised_whatever_the_suffix(
    tmp_path: Path, kind: Kind, content: bytes | str
) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(
        content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    )
    assert identify(path) is kind
    assert describe(kind, path).startswith(kind.value)


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (Kind.HDF5_WEIGHTS, {"data/conv1/0": [1.0]}),
        (Kind.HDF5_SOLVER_STATE, {"iter": [1], "history/0": [1.0]}),
        (Kind.HDF5, {"data": [1.0], "label": [1.0]}),
        (Kind.HDF5, {"model_weights/conv": [1.0]}),
    ],
)
def test_hdf5_is_told_apart_by_its_groups(
    tmp_path: Path, kind: Kind, members: dict[str, list[float]]
) -> None:
    with h5py.File(tmp_path / "x", "w", userblock_size=1024) as file:
        for name, values in members.items():
            file[name] = values
    assert identify(tmp_path / "x") is kind


def test_places_that_hold_no_file_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_bytes(b"x")
    kinds = {name: identify(tmp_path / name) for name in ("", "no", "pipe", "loop", "file/no")}
    assert kinds == {
        "": Kind.DIRECTORY,
        "no": Kind.MISSING,
        "pipe": Kind.SPECIAL,
        "loop": Kind.UNREADABLE,
        "file/no": Kind.MISSING,
    }


def test_a_file_without_permission_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.open", refuse)  # root may read everything
    assert identify(tmp_path / "x") is Kind.UNREADABLE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LFS, "git lfs pull` (oid sha256:1234abcd, size 227491118)"),
        (DRIVE, '("Google Drive - Virus scan warning")'),
        ('{"error":\n "denied"}', '({"error": "denied"})'),
        ('net: "a.prototxt"\n test_net: "b"', '(net: "a.prototxt", test_net: "b")'),
    ],
)
def test_what_a_file_says_of_itself_is_passed_on(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "x"
    path.write_text(content)
    assert describe(identify(path), path).endswith(said)


def test_a_solver_state_names_its_model(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(SolverState(iter=5, learned_net="a_iter_5.caffemodel").SerializeToString())
    assert "(it names 'a_iter_5.caffemodel')" in describe(identify(path), path)


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(NET.SerializeToString())
        file.truncate(1 << 40)  # sparse: a terabyte of zeros
    assert identify(path) is Kind.BINARY_NET


EXPECTED = {
    ".caffemodel": Kind.BINARY_NET,
    ".prototxt": Kind.TEXT_NET,
    ".solverstate": Kind.SOLVER_STATE,
    ".mat": Kind.MAT,
    ".npy": Kind.NPY,
    ".npz": Kind.NPZ,
}


def test_every_recorded_file_is_what_its_suffix_says(shared: Path) -> None:
    odd = {"model_empty_file", "model_garbage", "model_text", "solver"}
    paths = [path for path in shared.glob("*/*/*/*") if path.suffix in EXPECTED]
    paths += [path for path in shared.glob("*/*/*") if path.suffix in EXPECTED]
    for path in paths:
        if path.parent.name not in odd and "solver.prototxt" not in path.name:
            assert identify(path) is EXPECTED[path.suffix], path
    for path in shared.glob("models/means/*.binaryproto"):
        assert identify(path) is Kind.BINARY_MEAN, path
    assert len(paths) > 1000
