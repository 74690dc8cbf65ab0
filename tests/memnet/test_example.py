"""The example: a full-size MemNet, plainly untrained, the same bytes each time, scores like MemNet's."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from natural_images import natural_images

import converter
import memnet
from converter.cli import main as convert
from converter.errors import OutputError
from memnet import example
from memnet.published import Origin, recognise


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    files = example.write_example(tmp_path_factory.mktemp("example"))
    yield files
    files[0].unlink()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_folder_holds_these_files_and_no_others(written: tuple[Path, Path, Path]) -> None:
    names = {path.name for path in written[0].parent.iterdir()}
    assert names == {example.MODEL, example.TEXT, example.MEAN, example.NOTE}


def test_untrained_is_said_in_names_text_and_net(written: tuple[Path, Path, Path]) -> None:
    model, text, _ = written
    assert "untrained" in model.name
    assert "untrained" in text.name
    assert "NOT a trained MemNet" in (model.parent / example.NOTE).read_text()
    assert 'name: "MemNet-UNTRAINED"' in text.read_text()
    assert converter.load_net(model).name == "MemNet-UNTRAINED"
    assert "calls itself 'MemNet-UNTRAINED'" in recognise(model).evidence


def test_file_is_v1_with_memnets_layers_and_those_of_training(
    written: tuple[Path, Path, Path],
) -> None:
    weights = converter.load_weights(written[0])
    assert weights.format == "V1"
    assert (weights.types["data"], weights.types["loss"]) == ("Data", "EuclideanLoss")
    assert recognise(written[0]).origin is Origin.SAME_TOPOLOGY
    assert abs(written[0].stat().st_size - 227_491_118) < 1000


def test_two_writes_give_the_same_bytes(written: tuple[Path, Path, Path], tmp_path: Path) -> None:
    again = example.write_example(tmp_path / "new")
    assert [sha256(path) for path in again] == [sha256(path) for path in written]
    again[0].unlink()


def test_numbers_are_numpys(written: tuple[Path, Path, Path]) -> None:
    weights = converter.load_weights(written[0])
    first = np.random.Generator(np.random.PCG64([2015, 0]))
    weight = first.standard_normal((96, 3, 11, 11), dtype=np.float32) * np.float32((2 / 363) ** 0.5)
    bias = first.standard_normal(96, dtype=np.float32) * np.float32(0.05)
    assert np.array_equal(weights["conv1"][0], weight)
    assert np.array_equal(weights["conv1"][1], bias)
    last = np.random.Generator(np.random.PCG64([2015, 7])).standard_normal((1, 4096), np.float32)
    assert np.array_equal(weights["fc8-euclidean"][0], last * np.float32(8e-5))
    assert np.array_equal(weights["fc8-euclidean"][1], np.float32([0.58]))


def test_large_layer_drawn_in_pieces_is_as_if_drawn_at_once(
    written: tuple[Path, Path, Path],
) -> None:
    at_once = np.random.Generator(np.random.PCG64([2015, 6])).standard_normal(
        (4096, 4096), np.float32
    )
    stored = converter.load_weights(written[0])["fc7"][0]
    assert np.array_equal(stored, at_once * np.float32((2 / 4096) ** 0.5))


def test_mean_is_of_memnets_size_and_channel_means(written: tuple[Path, Path, Path]) -> None:
    mean = converter.load_mean(written[2])
    assert mean.shape == (3, 256, 256)
    np.testing.assert_allclose(mean.mean((1, 2)), (104.92, 114.78, 118.36), atol=0.01)
    assert mean.std() > 5


def test_command_without_prototxt_converts_it_and_labels_the_card(
    written: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "torch"
    assert convert([str(written[0]), "-o", str(folder)]) == 0
    assert "UNTRAINED" in capsys.readouterr().out
    assert "UNTRAINED" in (folder / "README.md").read_text()
    assert "UNTRAINED" in json.loads((folder / "conversion.json").read_text())["warnings"][1]
    net = converter.load_net(written[0])
    assert net.shapes["data"] == (1, 3, 227, 227)
    assert net.outputs == ("fc8-euclidean",)
    (folder / "model.safetensors").unlink()


def test_own_prototxt_does_not_lose_the_label(
    written: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    from memnet.topology import PROTOTXT

    folder = converter.convert(written[0], prototxt=PROTOTXT, out=tmp_path / "torch")
    assert "'MemNet-UNTRAINED'" in (folder / "README.md").read_text()
    (folder / "model.safetensors").unlink()


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(example, "_write_model", full_disk)
    with pytest.raises(OutputError, match="new: cannot be written: No space left on device"):
        example.write_example(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_keeps_an_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / example.MODEL).write_text("older")

    def interrupt(file: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(example, "_write_model", interrupt)
    with pytest.raises(KeyboardInterrupt):
        example.write_example(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [example.MODEL]
    assert (tmp_path / example.MODEL).read_text() == "older"


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="taken: cannot be written"):
        example.write_example(tmp_path / "taken")


MEASURE = """
import sys
from memnet.example import write_example
def peak():
    held = dict(line.split(":") for line in open("/proc/self/status"))
    return int(held["VmHWM"].split()[0])
before = peak()
write_example(sys.argv[1])
print(peak() - before)
"""
"""ru_maxrss would begin with the peak of the process that started this one, and hide what is less."""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/status is Linux's")
def test_memory_is_bounded_by_pieces(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / example.MODEL).unlink()
    assert int(run.stdout) / 1024 < 60  # MiB; the largest layer has 144


@pytest.mark.slow
@pytest.mark.parametrize("crops", ["center", "ten"])
def test_scores_of_natural_pictures_look_like_memnets(
    written: tuple[Path, Path, Path], crops: str
) -> None:
    model = memnet.load(written[0], mean=written[2])
    scores = memnet.predict(model, natural_images(96 if crops == "center" else 24), crops)
    assert scores.mean() == pytest.approx(0.75, abs=0.03)
    assert 0.05 < scores.std() < 0.1


@pytest.mark.slow
def test_example_command_writes_converts_and_checks(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from memnet.commands.convert import main; raise SystemExit(main())",
            "--example",
            "-o",
            str(tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "check passed: 14 blobs" in run.stdout
    assert "UNTRAINED" in run.stdout
    assert "UNTRAINED" in (tmp_path / "memnet_torch/README.md").read_text()
    for path in tmp_path.rglob("*.*"):
        if path.stat().st_size > 1 << 24:
            path.unlink()
