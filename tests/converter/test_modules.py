"""What of `converter/nn` is copied into `model.py`."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from converter.modules import defined_names, definitions

FOLDER = Path(__file__).parents[2] / "converter" / "nn"


def test_definitions_come_after_what_they_use() -> None:
    assert list(definitions(["RNN", "LSTM"])) == ["lstm_step", "recurrent", "lstm", "rnn"]
    assert defined_names(["LSTMUnit"]) == {"LSTMUnit", "_lstm_step"}


def test_every_name_is_defined_once() -> None:
    """Any two files may meet in one `model.py`."""
    nodes = [node for path in FOLDER.glob("*.py") for node in ast.parse(path.read_text()).body]
    names = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef))
    assert {name: count for name, count in names.items() if count > 1} == {}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_file_needs_only_torch_and_its_neighbours(path: Path) -> None:
    allowed = {"__future__", "math", "torch", "torch.nn"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module in allowed
