"""MemNet at full size, from one command: against recorded Caffe, the reference and OpenCV, centre and ten crops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
from planted import FAULTS, Fault

import converter
import validation
from converter import tolerance
from converter.files.read_net import read_net
from memnet.v1_file import Numbers, write_net

pytestmark = pytest.mark.slow
PEAK = 2 << 30
"""Bytes that the whole judgment may take: torch and OpenCV with the weights, the file, and one layer in float64."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The V1 caffemodel that Caffe loaded for the recording."""
    path = tmp_path_factory.mktemp("memnet") / "memnet.caffemodel"
    named = {
        name: tuple(Numbers(shape=array.shape, pieces=[array]) for array in rule.numbers(index))
        for index, (name, _) in enumerate(rule.LEARNABLE)
    }
    with path.open("wb") as file:
        for _ in write_net(file, read_net(rule.RECORDED.with_suffix(".prototxt")), named):
            pass
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four that Caffe was fed, as files, and the mean beside their folder."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("given") / "pictures"
    folder.mkdir()
    for at, image in enumerate(rule.images()):
        Image.fromarray(image).save(folder / f"{at}.png")
    np.save(folder.parent / "mean.npy", rule.mean_bgr())
    return folder


def test_one_command_passes_against_all(model: Path, pictures: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "validation", str(model), "-o", str(tmp_path)]
    command += ["--against", f"reference,opencv,{rule.RECORDED}", "--crops", "center,ten"]
    command += ["--images", str(pictures), "--mean", str(pictures.parent / "mean.npy")]
    if os.environ.get("CAFFE_PYTHON"):
        command[command.index("--against") + 1] += ",caffe"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verdict"] == "passed"
    recorded = [row for row in report["blobs"] if row["judge"] == rule.RECORDED.name]
    assert len(recorded) == 14
    assert [row["elements"] for row in recorded[:-1]] == 13 * [4 * 256]
    assert recorded[-1]["elements"] == 40 + 4 * 256
    for judge in ("reference", "opencv"):
        assert len([row for row in report["blobs"] if row["judge"] == judge]) == 13
    ratios = [row["ratio"] for row in report["blobs"] if row["ratio"]]
    assert max(ratios) < tolerance.ERROR_RATIO_WORST
    assert np.exp(np.mean(np.log(ratios))) < tolerance.ERROR_RATIO_MEAN
    stages = {check["stage"] for check in report["checks"]}
    assert stages == {"weights", "preprocessing", "network", "end to end"}
    labels = {column["label"] for table in report["scores"] for column in table["columns"]}
    assert {"port, center", "port, ten", "reference, ten"} <= labels
    assert report["cost"]["peak_bytes"] < PEAK


def test_recording_without_inputs_needs_the_pictures(model: Path) -> None:
    report = validation.check_parity(model, against=(rule.RECORDED,))
    assert report.verdict == "incomplete"
    assert "give inputs, or the images" in report.checks[-1].detail


REQUIRED = [
    fault for fault in FAULTS if any(word in fault.name for word in ("%", "alpha", "groups"))
]


@pytest.mark.parametrize("fault", REQUIRED, ids=lambda fault: fault.name)
def test_planted_fault_is_named(model: Path, fault: Fault) -> None:
    port = converter.load(model)
    fault.plant(port)
    fed = {"data": rule.ten_crops(rule.images()[0])[4:6]}
    report = validation.check_parity(model, port=port, inputs=fed)
    assert report.exit_code == 1
    named = [check for check in report.checks if check.name.endswith(" alone")]
    if fault.name.startswith("one weight"):
        changed = "differ: conv3.weight (1 of 884,736 numbers; most at (7, 3, 1, 2)"
        assert changed in report.checks[0].detail
        assert all(check.name == f"layer {fault.layer} alone" for check in named)  # it moves little
        return
    (check,) = named
    assert check.name == f"layer {fault.layer} alone"
    assert fault.said in check.detail
