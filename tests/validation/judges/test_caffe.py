"""Caffe as a back end: pycaffe itself where CAFFE_PYTHON can import it, else the stand-in with its interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import golden
import memnet_rule as rule
import numpy as np
import pytest
from conftest import ROOT

import validation
from converter import tolerance
from converter.conversion import prepare
from validation.cli import main
from validation.judges.caffe import caffe_backend
from validation.traces import NotRunError

STANDIN = Path(__file__).with_name("standin")


def real_caffe() -> str | None:
    """The interpreter named by CAFFE_PYTHON, where it can import caffe."""
    python = os.environ.get("CAFFE_PYTHON")
    if not python:
        return None
    done = subprocess.run([python, "-c", "import caffe"], capture_output=True, check=False)
    return python if done.returncode == 0 else None


REAL = real_caffe()
needs_caffe = pytest.mark.skipif(
    REAL is None, reason="CAFFE_PYTHON names no Python that has pycaffe"
)


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))
    monkeypatch.setenv("STANDIN_PATH", str(ROOT))
    monkeypatch.setenv("STANDIN_PYTHON", sys.executable)
    return sys.executable


def test_standin_is_run_in_its_own_process(thin: Path, standin: str) -> None:
    report = validation.check_parity(
        thin / "net.caffemodel",
        thin / "net.prototxt",
        ("caffe",),
        inputs={"data": np.load(thin / "blobs.npz")["in/data"]},
        caffe_python=standin,
    )
    assert report.verdict == "passed", str(report)
    assert [row.judge for row in report.blobs] == ["caffe"] * 13
    assert "caffe" not in sys.modules


def test_net_inside_the_model_is_given_as_text(thin: Path, standin: str) -> None:
    report = validation.check_parity(
        thin / "net_v1.caffemodel", against=("caffe",), caffe_python=standin
    )
    assert report.verdict == "passed", str(report)


def test_python_without_caffe_is_not_run(thin: Path) -> None:
    report = validation.check_parity(
        thin / "net.caffemodel", thin / "net.prototxt", ("caffe",), caffe_python=sys.executable
    )
    assert (report.verdict, report.checks[-1].name) == ("incomplete", "caffe")
    assert "cannot import caffe" in report.checks[-1].detail
    assert "parity-check record" in report.checks[-1].detail


def test_absent_python_is_not_run(thin: Path, tmp_path: Path) -> None:
    conversion = prepare(thin / "net.caffemodel", thin / "net.prototxt")
    backend = caffe_backend(conversion, python=str(tmp_path / "python"))
    with pytest.raises(NotRunError, match="cannot be started: No such file"):
        backend({"data": np.zeros((1, 3, 227, 227), np.float32)})


@needs_caffe
@pytest.mark.parametrize("name", golden.cases("nets"))
def test_real_caffe_agrees_with_its_recordings(shared: Path, name: str) -> None:
    """The recordings were made by another build; the port, the reference and this Caffe all agree with them."""
    _, weights, fed, expected = golden.load_case("nets", name)
    folder = shared / "goldens/nets" / name
    conversion = prepare(weights, folder / "net.prototxt")
    found = caffe_backend(conversion, python=REAL)(fed)
    for blob, array in expected.items():
        golden.assert_close(blob, found[blob], array, tolerance.CAFFE)


@needs_caffe
@pytest.mark.parametrize("name", golden.cases("nets"))
def test_real_caffe_judges_the_port(shared: Path, name: str) -> None:
    _, weights, fed, _ = golden.load_case("nets", name)
    text = shared / "goldens/nets" / name / "net.prototxt"
    report = validation.check_parity(weights, text, ("caffe",), inputs=fed, caffe_python=REAL)
    assert report.verdict == "passed", str(report)
    ratios = [row.ratio for row in report.blobs if row.ratio]
    assert max(ratios, default=0.0) < 16


@needs_caffe
def test_what_real_caffe_refuses_is_not_run(shared: Path, tmp_path: Path) -> None:
    """A layer of a fork: ours converts it, BVLC Caffe ends its process."""
    folder = shared / "goldens/forks/channelnorm"
    report = validation.check_parity(None, folder / "net.prototxt", ("caffe",), caffe_python=REAL)
    assert report.checks[-1].verdict == "not run"
    assert "Caffe stopped" in report.checks[-1].detail


@needs_caffe
def test_printed_script_records_pictures_beside_real_caffe(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `caffe.io` reads and cuts them; the recording then judges network, feeding and scores."""
    image = pytest.importorskip("PIL.Image")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for at, pixels in enumerate(rule.images()[:3]):
        image.fromarray(pixels).save(pictures / f"{at}.png")
    np.save(tmp_path / "mean.npy", rule.mean_bgr())
    words = ["record", "--crops", "center,ten", "--mean", "mean.npy", "-o"]
    assert main([*words, str(tmp_path / "record.py")]) == 0
    files = [str(thin / "net.prototxt"), str(thin / "net.caffemodel")]
    command = [str(REAL), "record.py", *files, "--images", "pictures"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    options = ["--against", str(tmp_path / "recorded.npz"), "--images", str(pictures)]
    options += ["--mean", str(tmp_path / "mean.npy"), "--crops", "center,ten", "--json"]
    assert main([files[1], "--prototxt", files[0], *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {check["stage"] for check in report["checks"]} == {
        "weights",
        "network",
        "preprocessing",
        "end to end",
    }
    assert len(report["blobs"]) == 13
