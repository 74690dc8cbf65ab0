"""`--check` on nets whose inputs or outputs noise would break: indices, labels, near ties of detections."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import GOLDENS

from converter import tolerance
from converter.check import check_folder
from converter.conversion import Conversion, prepare
from converter.write import write_folder

CASES = [
    ("nets", "lstm_caption"),
    ("nets", "trainval_test_phase"),
    ("layers", "embed"),
    ("layers", "filter"),
    ("layers", "infogain_h_bottom"),
    ("layers", "hinge_l1"),
    ("forks", "net_mini_ssd"),
]


@pytest.mark.parametrize(("group", "name"), CASES)
def test_check_passes(group: str, name: str, tmp_path) -> None:
    folder = GOLDENS / group / name
    if not folder.is_dir():
        pytest.skip("not among the recordings that travel with the tests")
    model = folder / "net.caffemodel"
    conversion = prepare(model if model.is_file() else None, folder / "net.prototxt")
    write_folder(conversion, tmp_path / "out")
    findings = check_folder(conversion, tmp_path / "out")
    assert [finding for finding in findings if not finding.passed] == []


def test_saturated_softmax_is_judged_by_its_logits(tmp_path) -> None:
    """Real Caffe's softmax over logits to 472 is 4.9e-5 from the truth: one limit for all failed a right port."""
    conversion = net(tmp_path, "power_param { scale: 333.3 }")
    logits, prob = check_folder(conversion, tmp_path / "out")[1:]
    assert logits.passed and logits.limit == tolerance.CAFFE
    assert prob.passed and prob.difference > tolerance.CAFFE


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [("0.37", "0.38", ["logits"]), ("dim=1", "dim=2", ["prob"])],
)
def test_altered_source_fails(right: str, wrong: str, named: list[str], tmp_path) -> None:
    conversion = net(tmp_path, "power_param { scale: 0.37 }")
    source = tmp_path / "out/model.py"
    source.write_text(source.read_text().replace(right, wrong))
    findings = check_folder(conversion, tmp_path / "out")
    assert [finding.blob for finding in findings if not finding.passed] == named


def net(folder: Path, power: str) -> Conversion:
    """Write the folder of an image, multiplied, and its softmax over the channels."""
    text = f"""
        input: "data" input_dim: 2 input_dim: 3 input_dim: 100 input_dim: 120
        layer {{ name: "logits" type: "Power" bottom: "data" top: "logits" {power} }}
        layer {{ name: "prob" type: "Softmax" bottom: "logits" top: "prob" }}"""
    (folder / "net.prototxt").write_text(text)
    conversion = prepare(None, folder / "net.prototxt")
    write_folder(conversion, folder / "out")
    return conversion
