"""`--check` on nets whose inputs or outputs noise would break: indices, labels, near ties of detections."""

from __future__ import annotations

import pytest
from golden import GOLDENS

from converter import tolerance
from converter.check import check_folder
from converter.conversion import prepare
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
    worst = max(check_folder(conversion, tmp_path / "out"), key=lambda finding: finding.difference)
    assert worst.difference <= tolerance.CAFFE, worst
