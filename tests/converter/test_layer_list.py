"""The list of layers: that it is up to date, that every layer was recorded, and that its figures hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converter import layer_list, tolerance
from converter.layer_list import Measured, becomes, read_measured, write_measured
from converter.layers import every
from converter.program import Bottom, call, module, trailing_axes

OURS = sorted(
    name for name, cls in every().items() if cls.__module__.startswith("converter.layers.")
)
FACTOR = 8.0
"""How much a worst difference may move with another BLAS or another torch before the list is wrong."""


def test_page_is_up_to_date() -> None:
    assert layer_list.main(["--check"]) == 0


def test_stale_page_is_told_and_written(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(layer_list, "PAGE", tmp_path / "layers.md")
    assert layer_list.main(["--check"]) == 1
    assert "run: python -m converter.layer_list" in capsys.readouterr().err
    assert layer_list.main([]) == 0
    assert layer_list.main(["--check"]) == 0


def test_every_layer_has_a_recorded_case() -> None:
    assert sorted(read_measured()) == OURS
    assert all(row.cases for row in read_measured().values())


def test_every_layer_has_a_case_in_the_recordings_themselves(shared: Path) -> None:
    cases = json.loads((shared / "goldens" / "index.json").read_text())["cases"]
    groups = ("layers", "forks")
    recorded = {name for case in cases if case["group"] in groups for name in case["layer_types"]}
    assert sorted(recorded) == OURS


PARSED_ALONE = {"Data", "HDF5Output", "ImageData", "MemoryData", "Python", "Silence", "WindowData"}


def test_every_layer_that_computes_was_compared_within_the_limit() -> None:
    rows = read_measured()
    assert {name for name, row in rows.items() if row.worst is None} == PARSED_ALONE
    assert max(row.worst or 0.0 for row in rows.values()) <= tolerance.CAFFE


def test_calls_of_a_layer_are_listed_but_not_indexing() -> None:
    pooled = module(
        "nn.MaxPool2d", 2, inputs=call(".flatten", trailing_axes(Bottom(0), 1), end=call("*", 1, 2))
    )
    assert becomes(pooled) == {"nn.MaxPool2d", ".flatten", "*"}


def test_figures_are_read_as_written(tmp_path: Path) -> None:
    rows = {
        "A": Measured(cases=3, worst=1.5e-7, where="a: b c", becomes=("nn.ReLU", ".flatten")),
        "B": Measured(cases=1, worst=None, where="", becomes=()),
    }
    write_measured(rows, tmp_path / "layers.tsv")
    assert read_measured(tmp_path / "layers.tsv") == rows


@pytest.mark.slow
def test_figures_hold(shared: Path) -> None:
    """If this fails: python tests/measure_layers.py && python -m converter.layer_list."""
    from measure_layers import measure

    found, written = measure(), read_measured()
    assert {name: (row.cases, row.becomes) for name, row in found.items()} == {
        name: (row.cases, row.becomes) for name, row in written.items()
    }
    for name, row in written.items():
        new, old = (max(r.worst or 0.0, tolerance.FLOAT32_STEP) for r in (found[name], row))
        assert old / FACTOR <= new <= old * FACTOR, f"{name}: {new:.2g}, written {old:.2g}"
