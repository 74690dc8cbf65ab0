"""The commands of docs/reproduce.md, as they stand there, on generated stand-ins: SYNTHETIC, and labelled so."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.torch import save_file
from scipy.stats import spearmanr

import converter
from memnet import example, predict
from memnet.cli import main
from memnet.data import generate, load_data
from memnet.networks.architectures import build
from memnet.networks.resmem import ResMem
from memnet.networks.resnet import ResNet
from memnet.networks.trained import load_trained
from memnet.training.recipe_file import recipe_names
from protos import NetParameter

PAGE = ROOT / "docs" / "reproduce.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]
MEASURING = [line for line in COMMANDS if line.startswith(("memnet evaluate", "memnet compare"))]
OF_RESMEM = [line for line in MEASURING if "--model resmem" in line]
OF_RUNS = [line for line in MEASURING if "runs/" in line]
WRITTEN = ("--json", "--csv", "--figure", "--save-calibration")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page asks for: the data sets in their layouts, weights, a mean, and somebody's scores."""
    folder = tmp_path_factory.mktemp("reproduce")
    generate(
        folder / "data/lamem", "lamem", 30, seed=6
    )  # on whose val_1 random weights do not fall
    generate(folder / "data/memcat", "memcat", 20)
    generate(folder / "data/faces", "faces", 20)
    model, _, mean = example.write_example(folder / "example")
    model.rename(folder / "memnet.caffemodel")
    mean.rename(folder / "mean.binaryproto")
    rows = [(f"{at}.jpg", 20 + at % 15, 40, 0.4 + at / 100) for at in range(30)]
    truth = "".join(f"{name},{hits},{of - hits}\n" for name, hits, of, _ in rows)
    (folder / "responses.csv").write_text(f"image_name,target_hit,target_miss\n{truth}")
    scores = "".join(f"{name},{score}\n" for name, *_, score in rows)
    (folder / "resmem_scores.csv").write_text(f"image_name,resmem\n{scores}")
    return folder


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)


def check(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command; it must say that the data are synthetic and write what it names."""
    _, *given = shlex.split(line)
    assert main([*given, "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "lamem:" not in line or "SYNTHETIC" in shown
    assert "Spearman's rho" in shown
    for option in WRITTEN:
        if option in given:
            path = Path(given[given.index(option) + 1].removeprefix("linear:"))
            assert path.stat().st_size > 100
            if option == "--json":
                assert json.loads(path.read_text())["format"] == "memnet-comparison"


def test_page_has_a_command_for_each_finding() -> None:
    assert len(MEASURING) >= 9
    for part in ("--crops both", "--split all", "faces:", "#hits=", "--calibration", "diagnose"):
        assert any(part in line for line in COMMANDS)


@pytest.mark.parametrize("line", [each for each in MEASURING if each not in (*OF_RESMEM, *OF_RUNS)])
def test_command_runs_as_it_stands(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--calibration" in line:  # the line above it writes the file
        at = COMMANDS.index(line)
        check(COMMANDS[at - 1], capsys)
    check(line, capsys)


@pytest.mark.slow
def test_diagnosis_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = (each for each in COMMANDS if each.startswith("memnet diagnose"))
    assert main([*shlex.split(line)[1:], "--pictures", "3", "--quiet"]) in {0, 1}
    assert "the same model fed the same way" in " ".join(capsys.readouterr().out.split())


def test_published_figures_are_printed() -> None:
    (line,) = (each for each in COMMANDS if "memnet.literature" in each)
    done = subprocess.run(
        [sys.executable, *shlex.split(line)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Khosla et al., ICCV 2015" in done.stdout


@pytest.fixture(scope="module")
def resmem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed package `resmem` with random weights of the full size: UNTRAINED."""
    site = tmp_path_factory.mktemp("site")
    (site / "resmem").mkdir()
    torch.manual_seed(0)
    torch.save(ResMem().state_dict(), site / "resmem" / "model.pt")
    info = site / "resmem-1.1.6.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: resmem\nVersion: 1.1.6\n")
    (info / "RECORD").write_text("resmem/model.pt,,\n")
    yield site
    shutil.rmtree(site)


@pytest.mark.slow
@pytest.mark.parametrize("line", OF_RESMEM)
def test_command_with_resmem_runs_as_it_stands(
    line: str, resmem: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(resmem)
    check(line, capsys)


def write_run(folder: Path, spec: str, splits: tuple[str, ...], seed: int) -> None:
    """A finished training run of a narrow net with random weights, by its record trained on these images."""
    home = folder / "model"
    home.mkdir(parents=True)
    options = {"width": 0.0625}
    torch.manual_seed(seed)
    model = build("memnet-rebuilt", options)
    save_file(model.state_dict(), home / "model.safetensors")
    parts = [load_data(spec, split) for split in splits]
    seen = "".join(f"{part.name}/{item.name}\n" for part in parts for item in part)
    (home / "seen.txt").write_text(seen)
    used = [
        {"data": one.name, "split": one.split, "n": len(one), "synthetic": True} for one in parts
    ]
    record = {"architecture": "memnet-rebuilt", "options": options, "trained_on": used}
    told = {"format": "memnet-model", "version": 1} | record
    (home / "model.json").write_text(json.dumps(told))
    for name, content in vars(model)["preprocess"].to_files().items():
        (home / name).write_bytes(content)


@pytest.fixture(scope="module")
def runs(folder: Path) -> Path:
    lamem, memcat = (f"{name}:{folder}/data/{name}" for name in ("lamem", "memcat"))
    write_run(folder / "runs/rebuilt-lamem", lamem, ("full",), 0)
    write_run(folder / "runs/rebuilt-memcat", memcat, ("",), 1)
    for at in range(1, 6):
        write_run(folder / f"runs/split-{at}", lamem, (f"train_{at}", f"val_{at}"), at)
    return folder


@pytest.mark.parametrize("line", OF_RUNS)
def test_command_with_trained_models_runs_as_it_stands(
    line: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(line, capsys)


def test_trained_models_have_seen_their_own_data_alone(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(next(line for line in OF_RUNS if "rebuilt.json" in line), capsys)
    cells = json.loads(Path("rebuilt.json").read_text())["cells"]
    seen = {(cell["model"], cell["data"]): cell["seen"] for cell in cells}
    assert seen == {
        ("rebuilt-lamem", "LaMem"): "seen in training: 6 of 6 images",
        ("rebuilt-memcat", "LaMem"): None,
        ("rebuilt-lamem", "MemCat"): None,
        ("rebuilt-memcat", "MemCat"): "seen in training: 20 of 20 images",
    }


def test_five_models_are_each_tested_on_images_they_have_not_seen(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(next(line for line in OF_RUNS if "{split}" in line), capsys)
    with Path("protocol.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["split"] for row in rows] == [f"test_{at}" for at in range(1, 6)]
    assert {row["model"] for row in rows} == {"MemNet"}
    assert {row["seen"] for row in rows} == {""}
    for row in rows:
        at = row["split"][-1]
        data = load_data("lamem:data/lamem", row["split"])
        scores = predict(load_trained(f"runs/split-{at}"), data.paths)
        assert float(row["rho"]) == pytest.approx(spearmanr(scores, data.scores).statistic)


def test_recipes_and_spaces_of_the_page_are_shipped() -> None:
    named = re.findall(r"memnet train (\S+) --", "\n".join(COMMANDS))
    assert len(named) == 8
    assert set(named) <= set(recipe_names())
    spaces = re.findall(r"memnet sweep (\S+) --", "\n".join(COMMANDS))
    folder = ROOT / "memnet" / "sweep" / "spaces"
    assert all((folder / f"{name}.toml").is_file() for name in spaces)


TRAININGS = [line for line in COMMANDS if re.search(r"\bmemnet (train|sweep) ", line)]
SMALL = re.search(r"```\n(--set .*)\n```", PAGE.read_text(encoding="utf-8"))[1]
SMALL_RESMEM = " ".join(
    re.findall(r"model\.options\.(?:hidden|resnet)\S*=[\[\],\d]+", PAGE.read_text())
)
SEGMENTER = """
name: "classes" input: "data" input_dim: 1 input_dim: 3 input_dim: 227 input_dim: 227
layer { name: "map" type: "Convolution" bottom: "data" top: "map"
  convolution_param { num_output: 13 kernel_size: 5 stride: 5 } }
"""


def write_caffemodel(path: Path, arrays: dict[str, np.ndarray]) -> None:
    net = NetParameter()
    for name in dict.fromkeys(name.partition(".")[0] for name in arrays):
        kind = "InnerProduct" if name.startswith("fc") else "Convolution"
        layer = net.layer.add(name=name, type=kind)
        for array in (arrays[f"{name}.weight"], arrays[f"{name}.bias"]):
            blob = layer.blobs.add()
            blob.shape.dim.extend(array.shape)
            blob.data.extend(array.ravel().tolist())
    path.write_bytes(net.SerializeToString())


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-ins that the page generates, and small ones for a ResNet, a classification net and a segmenter."""
    folder = tmp_path_factory.mktemp("standins")
    (line,) = (each for each in COMMANDS if "generate" in each)
    subprocess.run(
        [sys.executable, *shlex.split(line)[1:]],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    torch.save(ResNet((1, 1, 1, 1), 8, 10).state_dict(), folder / "resnet152.pth")
    net = build("memnet", {"width": 0.0625})
    named = {name: each.numpy() for name, each in net.state_dict().items() if "fc8" not in name}
    write_caffemodel(folder / "hybridCNN.caffemodel", named)
    kernels = {"map.weight": np.ones((13, 3, 5, 5)), "map.bias": np.arange(13)}
    write_caffemodel(folder / "segmenter.caffemodel", kernels)
    (folder / "segmenter.prototxt").write_text(SEGMENTER)
    converter.convert(
        folder / "segmenter.caffemodel",
        prototxt=folder / "segmenter.prototxt",
        out=folder / "segmenter_torch",
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("line", TRAININGS)
def test_training_runs_on_stand_ins_as_the_page_says(
    line: str, starts: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """One of them lacked an option that it needs."""
    monkeypatch.chdir(starts)
    line = line.removeprefix("for k in 1 2 3 4 5; do ").removesuffix("; done").replace("$k", "2")
    line = re.sub(r"--out \S+", f"--out {tmp_path}/run", line).replace("--trials 20", "--trials 1")
    more = SMALL_RESMEM if re.search("resmem|triplemem", line) else ""
    assert main(shlex.split(f"{line} {SMALL} {more}")[1:]) == 0
    shown = capsys.readouterr()
    assert "SYNTHETIC" in shown.out + shown.err
