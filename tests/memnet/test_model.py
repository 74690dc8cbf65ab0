"""`memnet/model.py` is the converter's output and needs only torch."""

from __future__ import annotations

import ast
from pathlib import Path

import memnet_rule as rule
import pytest

import converter
from converter.lower import lower
from converter.source import to_source
from memnet import regenerate


def test_checked_in_source_is_what_the_converter_emits() -> None:
    assert regenerate.MODEL.read_text(encoding="utf-8") == regenerate.source()
    assert regenerate.main(["--check"]) == 0


def test_stale_source_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "model.py"
    stale.write_text("old")
    monkeypatch.setattr(regenerate, "MODEL", stale)
    assert regenerate.main(["--check"]) == 1
    assert "python -m memnet.regenerate" in capsys.readouterr().err
    assert regenerate.main([]) == 0
    assert stale.read_text() == regenerate.source()


def test_the_v1_text_that_caffe_ran_gives_the_same_source() -> None:
    net = converter.load_net(rule.RECORDED.with_suffix(".prototxt"), input_shape=(1, 3, 227, 227))
    assert to_source(lower(net).program) == regenerate.source()


def test_source_imports_only_torch() -> None:
    tree = ast.parse(regenerate.source())
    imported = {
        node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported == {"__future__", "torch"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
