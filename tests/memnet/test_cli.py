"""The `memnet` command."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from memnet.cli import main


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for index, image in enumerate(rule.images()[:2]):
        Image.fromarray(image).save(folder / "deep" / f"{index}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(autouse=True)
def keep_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)


def test_folder_to_csv_is_caffes_scores(full_folder: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    assert main(["predict", str(pictures), "--model", str(full_folder), "--csv", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "score"]
    assert [Path(row[0]).name for row in rows[1:]] == ["0.png", "1.png"]
    expected = np.load(rule.RECORDED)["out/fc8-euclidean"][:2, 4]
    np.testing.assert_allclose([float(row[1]) for row in rows[1:]], expected, atol=2e-6)


def test_table_and_the_files_origin(
    full_file: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mean = tmp_path / "mean.npy"
    np.save(mean, rule.mean_bgr())
    arguments = ["predict", str(pictures / "deep/0.png"), "--model", str(full_file)]
    assert main([*arguments, "--mean", str(mean), "--crops", "ten"]) == 0
    captured = capsys.readouterr()
    expected = np.load(rule.RECORDED)["out/fc8-euclidean"][0].mean()
    assert captured.out.splitlines()[1].split()[-1] == f"{expected:.4f}"
    assert "another file with MemNet's layers" in captured.err


def test_missing_mean_is_said_once(
    full_file: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures), "--model", str(full_file)]) == 0
    assert capsys.readouterr().err.count("no mean image is given") == 1


def test_unreadable_pictures_are_told_and_the_others_scored(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "bad.jpg").write_text("no picture")
    assert main(["predict", str(pictures), "--model", str(full_folder)]) == 2
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    assert "bad.jpg: is not an image that Pillow can read" in captured.err


def test_folder_without_pictures_is_told(
    full_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(tmp_path), "--model", str(full_folder)]) == 2
    assert "the folder holds no images" in capsys.readouterr().err


def test_file_that_is_no_model_is_told(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = pictures / "notes.txt"
    assert main(["predict", str(pictures), "--model", str(model)]) == 2
    assert "notes.txt: holds no weights" in capsys.readouterr().err


def test_help_lists_only_what_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "predict" in text
    assert "train" not in text
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate"])


def test_pillow_is_asked_for_in_one_line(
    full_folder: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert main(["predict", str(pictures), "--model", str(full_folder)]) == 2
    assert (
        capsys.readouterr().err == "memnet: reading image files needs Pillow: pip install pillow\n"
    )


def test_help_needs_neither_numpy_nor_torch() -> None:
    code = (
        "import sys, memnet.cli, memnet.convert_command\n"
        "assert not {'numpy', 'torch', 'google.protobuf'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
