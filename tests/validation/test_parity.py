"""`check_parity` and `parity-check` on MemNet at an eighth of its width, and on ports with something wrong."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import converter
import validation
from converter.errors import CaffeError, FileFormatError, InvalidNetError
from validation.cli import main


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


@pytest.fixture
def folder(thin: Path, tmp_path: Path) -> Path:
    return converter.convert(
        thin / "net.caffemodel", prototxt=thin / "net.prototxt", out=tmp_path / "thin_torch"
    )


def parity(thin: Path, **options: object) -> validation.Report:
    return validation.check_parity(thin / "net.caffemodel", thin / "net.prototxt", **options)


def names(report: validation.Report, verdict: str) -> list[str]:
    return [check.name for check in report.checks if check.verdict == verdict]


@pytest.mark.parametrize("file", ["net.caffemodel", "net_v1.caffemodel"])
def test_all_back_ends_agree(thin: Path, file: str) -> None:
    report = validation.check_parity(
        thin / file, thin / "net.prototxt", ("reference", "opencv", thin / "blobs.npz")
    )
    assert report.verdict == "passed", str(report)
    assert len(report.checks) == 1 + 3 * 13
    assert report.checks[0].name == "weights"
    assert report.checks[0].measured == 0
    assert "blobs.npz: not compared: batch10" in report.notes
    assert len(report.blobs) == 3 * 13
    assert [row.depth for row in report.blobs] == 3 * list(range(13))
    assert {(row.layer, row.type) for row in report.blobs} >= {
        ("norm1", "LRN"),
        ("fc7", "InnerProduct"),
    }


def test_converted_folder_is_judged(thin: Path, folder: Path) -> None:
    assert parity(thin, port=folder).exit_code == 0


def test_folder_may_name_its_class(thin: Path, folder: Path) -> None:
    text = (folder / "model.py").read_text(encoding="utf-8")
    (folder / "model.py").write_text(text.replace("MemNetThin", "Own"), encoding="utf-8")
    (folder / "conversion.json").unlink()
    with pytest.raises(FileFormatError, match=r"model\.py has no class 'MemNetThin'; conversion"):
        parity(thin, port=folder)
    (folder / "conversion.json").write_text('{"class": "Own"}')
    assert parity(thin, port=folder).verdict == "passed"


def test_one_changed_bit_fails_the_weights(thin: Path) -> None:
    port = converter.load(thin / "net.caffemodel", thin / "net.prototxt")
    with torch.no_grad():
        port.conv3.bias.view(torch.int32)[5] ^= 1
    report = parity(thin, port=port)
    assert names(report, "FAILED") == ["weights"]
    bias = port.conv3.bias.detach().numpy()
    assert (
        "differ: conv3.bias (1 of 48 numbers; most at (5,): " + str(bias[5])
        in report.checks[0].detail
    )
    assert report.exit_code == 1


def test_wrong_layer_fails_from_there_on(thin: Path) -> None:
    port = converter.load(thin / "net.caffemodel", thin / "net.prototxt")
    port.norm2 = nn.LocalResponseNorm(3, alpha=1e-4, beta=0.75, k=1.0)
    failed = names(parity(thin, port=port, against=("reference", thin / "blobs.npz")), "FAILED")
    assert failed[0] == "reference: norm2"
    assert "reference: pool2" not in failed
    assert "blobs.npz: norm2" in failed


class Foreign(nn.Module):
    """Somebody's port: other names, only the score."""

    def __init__(self, ours: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*(child for name, child in ours.named_children() if name < "f"))
        self.head = nn.Sequential(ours.fc6, nn.ReLU(), ours.fc7, nn.ReLU(), ours.fc8_euclidean)
        self.ours = [ours]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.ours[0](x)


def test_foreign_port_is_judged_by_what_it_shows(thin: Path) -> None:
    port = Foreign(converter.load(thin / "net.caffemodel", thin / "net.prototxt"))
    report = parity(thin, port=port, against=("reference", thin / "blobs.npz"))
    assert report.verdict == "passed", str(report)
    assert {"fc6", "fc7", "fc8-euclidean"} <= {row.blob for row in report.blobs}
    assert "found by content" in report.checks[0].detail
    assert "not converted here: compared are its outputs" in report.notes[0]


def test_foreign_port_with_other_weights_fails(thin: Path) -> None:
    port = Foreign(converter.load(thin / "net.caffemodel", thin / "net.prototxt"))
    with torch.no_grad():
        port.head[0].bias.add_(1.0)
    report = parity(thin, port=port)
    assert names(report, "FAILED") == [
        "weights", "reference: fc6", "reference: fc7", "reference: fc8-euclidean",
        "layer 'fc6' (InnerProduct) alone",
    ]  # fmt: skip


def test_samples_of_several_forwards(thin: Path, tmp_path: Path) -> None:
    data = np.load(thin / "blobs.npz")["in/data"]
    module = converter.load(thin / "net.caffemodel", thin / "net.prototxt")
    fed = np.concatenate([data, data[::-1]])
    blobs = converter.trace(module, {"data": fed})
    at = np.array([3, 77, 500])
    recorded = {
        "pos/conv2": at,
        "sample/conv2": blobs["conv2"].reshape(2, -1)[:, at],
        "out/fc8-euclidean": blobs["fc8-euclidean"].reshape(2, 2),
    }
    np.savez(tmp_path / "few.npz", **recorded)
    report = parity(thin, against=(tmp_path / "few.npz",), inputs={"data": fed})
    assert names(report, "passed") == [
        "weights",
        "few.npz: samples of conv2",
        "few.npz: fc8-euclidean",
    ]
    recorded["sample/conv2"][1, 2] += 1
    np.savez(tmp_path / "few.npz", **recorded)
    report = parity(thin, against=(tmp_path / "few.npz",), inputs={"data": fed})
    assert names(report, "FAILED") == ["few.npz: samples of conv2"]


def test_recording_of_unknown_blob_or_shape_fails(thin: Path, tmp_path: Path) -> None:
    data = np.load(thin / "blobs.npz")["in/data"]
    arrays = {"in/data": data, "out/fc9": np.zeros(2), "out/fc7": np.zeros((2, 129), np.float32)}
    arrays |= {"pos/fc6": np.array([256]), "sample/fc6": np.zeros(1)}
    np.savez(tmp_path / "odd.npz", **arrays)
    report = parity(thin, against=(tmp_path / "odd.npz",))
    assert names(report, "FAILED") == [
        "odd.npz: samples of fc6",
        "odd.npz: fc7",
        "odd.npz: fc9",
    ]
    assert "the port has no such blob" in report.to_json()


def test_what_cannot_be_run_is_not_passed(
    thin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delenv("CAFFE_PYTHON", raising=False)
    np.savez(tmp_path / "scores.npz", **{"out/fc8-euclidean": np.zeros((2, 1))})
    report = parity(
        thin, against=("opencv", "caffe", "torch", tmp_path / "scores.npz", "theirs.csv")
    )
    assert names(report, "not run") == ["opencv", "caffe", "torch", "scores.npz", "theirs.csv"]
    assert (report.verdict, report.exit_code) == ("incomplete", 2)
    assert "OpenCV is not installed" in str(report)
    assert "has no in/<blob>; give inputs" in str(report)
    assert "no such back end; known: reference, opencv, caffe" in str(report)


def test_wrong_inputs_are_refused(thin: Path) -> None:
    with pytest.raises(InvalidNetError, match="the net takes 'data', given are 'image'"):
        parity(thin, inputs={"image": np.zeros((1, 3, 227, 227))})


@pytest.mark.parametrize(
    ("content", "match"), [(b"no", "is not a readable"), (b"", "is not a readable")]
)
def test_damaged_recording_is_told(thin: Path, tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"bad\.npz: {match}"):
        parity(thin, against=(path,))


def test_pickled_recording_is_not_opened(thin: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", **{"out/fc7": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(FileFormatError, match=r"bad\.npz: is not a readable \.npz"):
        parity(thin, against=(tmp_path / "bad.npz",))


def test_recording_of_another_net_is_told_with_both_shapes(shared: Path, thin: Path) -> None:
    other = shared / "goldens/nets/resnet_bn_scale/blobs.npz"
    match = r"'data' \(2, 3, 35, 41\) where the net declares \(10, 3, 227, 227\)"
    with pytest.raises(InvalidNetError, match=match):
        parity(thin, against=(other,))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("model.py", "import nothing_of_this_name", "does not load: No module named"),
        ("model.py", "x = 1", "does not load: .*MemNetThin"),
        ("conversion.json", "{}", r"conversion\.json: does not name the class of model\.py"),
        ("conversion.json", "x", r"conversion\.json: does not name the class of model\.py"),
        ("model.safetensors", "x", "does not load"),
    ],
)
def test_port_that_does_not_load_is_told(
    thin: Path, folder: Path, name: str, content: str, match: str
) -> None:
    (folder / name).write_text(content)
    with pytest.raises(FileFormatError, match=match):
        parity(thin, port=folder)


def test_port_without_its_files_is_told(thin: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"has no model\.py; a port is a folder with both"):
        parity(thin, port=tmp_path)


def test_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaffeError, match="missing"):
        validation.check_parity(tmp_path / "none.caffemodel")


def arguments(thin: Path, *more: str) -> list[str]:
    return [str(thin / "net.caffemodel"), "--prototxt", str(thin / "net.prototxt"), *more]


def test_command_prints_the_table(thin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(thin)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("net.caffemodel: passed")
    assert lines[2].startswith("weights")
    assert lines[-2].startswith("reference: fc8-euclidean")
    assert lines[-1].startswith("took ")


def test_command_prints_json(thin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(thin, "--against", f"reference,{thin / 'blobs.npz'}", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "passed"


def test_command_fails_with_one_on_a_wrong_port(
    thin: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "model.py").read_text()
    (folder / "model.py").write_text(text.replace("alpha=0.0001", "alpha=0.001"))
    assert main(arguments(thin, "--port", str(folder))) == 1
    assert "FAILED" in capsys.readouterr().out


def test_command_fails_with_two_where_it_cannot_run(
    thin: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CAFFE_PYTHON", raising=False)
    assert main(arguments(thin, "--port", str(tmp_path))) == 2
    assert "parity-check: " in capsys.readouterr().err
    assert main(arguments(thin, "--against", "reference,caffe")) == 2
    assert "not run" in capsys.readouterr().out


def test_net_without_weights_is_judged_from_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "pool.prototxt"
    text.write_text(
        'name: "p" input: "data" input_shape { dim: 2 dim: 3 dim: 7 dim: 5 }\n'
        'layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"'
        " pooling_param { pool: MAX kernel_size: 3 stride: 2 } }\n"
    )
    assert main([str(text), "--against", "reference,opencv"]) == 0, capsys.readouterr()
    shutil.rmtree(tmp_path)
