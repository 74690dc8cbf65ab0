"""The `memnet` command."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import memnet
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
    assert main(["predict", str(pictures), "--model", str(full_folder), "--out", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "score", "error"]
    assert [Path(row[0]).name for row in rows[1:]] == ["0.png", "1.png"]
    expected = np.load(rule.RECORDED)["out/fc8-euclidean"][:2, 4]
    np.testing.assert_allclose([float(row[1]) for row in rows[1:]], expected, rtol=1e-5)


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


def test_matlabs_ten_crops_and_a_calibration_are_asked_for(
    full_folder: Path, full_model: memnet.MemNet, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "s.csv"
    arguments = ["predict", str(pictures), "--model", str(full_folder), "--out", str(out)]
    arguments += ["--crops", "ten", "--ten-crop", "matlab", "--calibration", "ganalyze"]
    assert main([*arguments, "--resize", "pil"]) == 0
    with out.open(newline="") as file:
        found = [float(row["score"]) for row in csv.DictReader(file)]
    prep = replace(vars(full_model)["preprocess"], ten_crop="matlab", rule="pil")
    expected = memnet.predict(full_model, rule.images()[:2], "ten", preprocess=prep)
    np.testing.assert_allclose(found, (expected - 0.7626) * 2 + 0.65, rtol=1e-5)
    manifest = json.loads((tmp_path / "s.csv.manifest.json").read_text())
    assert manifest["calibration"] == "ganalyze"


def test_missing_mean_is_said_once(
    full_file: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures), "--model", str(full_file)]) == 0
    assert capsys.readouterr().err.count("no mean image is given") == 1


def test_unreadable_pictures_are_told_and_the_others_scored(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "bad.jpg").write_text("no picture")
    assert main(["predict", str(pictures), "--model", str(full_folder)]) == 0
    captured = capsys.readouterr()
    shown = {Path(line.split()[0]).name: line.split()[1] for line in captured.out.splitlines()[1:]}
    assert len(shown) == 3
    assert shown["bad.jpg"] == "-"
    assert "bad.jpg: is not an image that Pillow can read" in captured.err
    assert "memnet: 1 of 3 images could not be read" in captured.err


def test_names_cannot_break_the_table(
    full_folder: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line end, and a code that colours the terminal, were printed as they are."""
    Image.new("RGB", (9, 8)).save(pictures / "a\nb.png")
    (pictures / "\x1b[31mred.jpg").write_text("no picture")
    Image.new("RGB", (9, 8)).save(pictures / "\N{CJK UNIFIED IDEOGRAPH-753B}.png")
    monkeypatch.chdir(pictures)
    assert main(["predict", ".", "--model", str(full_folder)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert len(lines) == 6
    assert r"a\nb.png" in captured.out
    ends = {len(line) + line.count("\N{CJK UNIFIED IDEOGRAPH-753B}") for line in lines}
    assert len(ends) == 1, "two columns for the ideograph"
    assert "\x1b" not in captured.out + captured.err


def test_name_that_the_terminal_has_no_letters_for_is_escaped(
    full_folder: Path, pictures: Path
) -> None:
    """It ended the run in a traceback, as on Windows behind a pipe."""
    picture = pictures / "\N{CJK UNIFIED IDEOGRAPH-753B}.png"
    Image.new("RGB", (9, 8)).save(picture)
    done = subprocess.run(
        [sys.executable, "-m", "memnet.cli", "predict", picture, "--model", full_folder],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert rb"\u753b.png" in done.stdout


def test_no_readable_picture_is_a_failure(full_folder: Path, pictures: Path) -> None:
    bad = pictures / "bad.jpg"
    bad.write_text("no picture")
    assert main(["predict", str(bad), "--model", str(full_folder)]) == 2


def test_fail_stops_at_the_first_unreadable_picture(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = pictures / "bad.jpg"
    bad.write_text("no picture")
    arguments = ["predict", str(bad), "--model", str(full_folder), "--on-error", "fail"]
    assert main(arguments) == 2
    assert "bad.jpg: is not an image that Pillow can read" in capsys.readouterr().err


def test_model_without_weights_is_told_what_to_do(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures)]) == 2
    assert "MemNet's weights are not shipped" in capsys.readouterr().err


def test_weights_may_be_named_beside_the_model(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures), "--weights", str(full_folder), "--workers", "0"]) == 0
    first = capsys.readouterr().out
    assert main(["predict", str(pictures), "--model", str(full_folder), "--workers", "2"]) == 0
    assert capsys.readouterr().out == first


def test_features_of_a_folder_to_npy(full_folder: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "fc7.npy"
    arguments = ["predict", str(pictures), "--model", str(full_folder), "--features", "fc7"]
    assert main([*arguments, "--out", str(out), "--crops", "ten"]) == 0
    assert np.load(out).shape == (2, 4096)
    assert (tmp_path / "fc7.csv").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "ray"], "--engine ray writes shards; give --out DIR"),
        (["--features", "fc7"], "give --out FILE.npy or FILE.parquet"),
        (["--features", "fc7", "--out", "a.csv"], "give --out FILE.npy or FILE.parquet"),
        (
            ["--out", "a.tsv"],
            "a.tsv: .tsv is not written; give FILE.csv, FILE.parquet, FILE.npy, or a",
        ),
        (["--out", "a.npy"], "a.npy: holds features; name a layer with --features"),
        (["b.parquet", "--out", "a.csv"], "b.parquet: Parquet is read into shards; give --out DIR"),
        (["--device", "gpu"], "device 'gpu': take auto, cpu, cuda or cuda:N"),
        (["--features", "fc9", "--out", "a.npy"], "no blob or module 'fc9'"),
        (["--model", "resmem", "--mean", "m.npy"], "ResMem"),
        (
            ["--calibration", "m.json"],
            "m.json: cannot be read (No such file or directory); a calib",
        ),
    ],
)
def test_options_that_do_not_go_together_are_told(
    full_folder: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = [] if "--model" in options else ["--model", str(full_folder)]
    assert main(["predict", str(pictures), *options, *model]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("a.*"))


def test_bar_is_drawn_on_a_terminal_alone(
    full_folder: Path,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["predict", str(pictures), "--model", str(full_folder)]
    assert main(arguments) == 0
    assert "image/s" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([*arguments, "--quiet"]) == 0
    assert "image/s" not in capsys.readouterr().err
    assert main(arguments) == 0
    assert "2/2" in capsys.readouterr().err


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
    assert {"predict", "train"} <= set(text.split())
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
    asked = "reading image files needs Pillow: pip install 'convert-caffemodel[images]'"
    assert capsys.readouterr().err == f"memnet: {asked}\n"


def test_help_needs_neither_numpy_nor_torch() -> None:
    code = (
        "import sys, memnet.cli, memnet.commands.convert\n"
        "assert not {'numpy', 'torch', 'google.protobuf'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("asked", [["--list"], ["triplemem", "--show"]])
def test_recipes_are_shown_without_torch(asked: list[str]) -> None:
    code = (
        "import sys, memnet.cli\n"
        f"assert memnet.cli.main(['train', *{asked}]) == 0\n"
        "assert not {'torch', 'lightning'} & sys.modules.keys(), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_pillows_remarks_that_name_no_file_are_kept_back(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("1", (10_000, 9_000)).save(pictures / "large.png")  # Pillow warns from 89 million on
    assert main(["predict", str(pictures / "large.png"), "--model", str(full_folder)]) == 0
    assert "warning" not in capsys.readouterr().err
