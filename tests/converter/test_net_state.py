"""Include and exclude rules against the layers that Caffe kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from google.protobuf import text_format

from converter.errors import InvalidNetError
from converter.net_state import included
from protos import LayerParameter, NetParameter

if TYPE_CHECKING:
    from pathlib import Path


def layer(rules: str) -> LayerParameter:
    return text_format.Parse(f"name: 'x' {rules}", LayerParameter())


@pytest.mark.parametrize(
    "case", ["state_none", "state_deploy", "state_level1", "state_ab", "state_bc"]
)
def test_the_layers_caffe_kept_are_kept(shared: Path, case: str) -> None:
    cases = json.loads((shared / "goldens" / "index.json").read_text())["cases"]
    (entry,) = (entry for entry in cases if entry["case"] == case)
    folder = shared / "goldens" / "formats" / case
    net = text_format.Parse((folder / "net.prototxt").read_text(), NetParameter())
    state = ("TEST", entry.get("level", 0), entry.get("stages", ()))
    with np.load(folder / "blobs.npz") as recorded:
        values = {"data": recorded["in/data"]}
        for layer in net.layer:
            if layer.type == "Power" and included(layer, *state):  # each has its own scale, shift
                power = layer.power_param
                values[layer.top[0]] = values[layer.bottom[0]] * power.scale + power.shift
        outputs = {key.removeprefix("out/"): recorded[key] for key in recorded if key[:4] == "out/"}
    assert values.keys() == set(entry["blobs"])
    for name, output in outputs.items():
        np.testing.assert_allclose(values[name], output, rtol=1e-6)


@pytest.mark.parametrize(
    ("rules", "phase", "level", "stages", "kept"),
    [
        ("", "TEST", 0, (), True),
        ("include {}", "TEST", 0, (), True),
        ("exclude {}", "TEST", 0, (), False),
        ("include { phase: TRAIN }", "TEST", 0, (), False),
        ("include { phase: TRAIN }", "TRAIN", 0, (), True),
        ("exclude { phase: TRAIN }", "TEST", 0, (), True),
        ("include { min_level: 1 max_level: 2 }", "TEST", 0, (), False),
        ("include { min_level: 1 max_level: 2 }", "TEST", 2, (), True),
        ("include { min_level: 1 max_level: 2 }", "TEST", 3, (), False),
        ("include { min_level: -1 }", "TEST", -1, (), True),
        ("include { stage: 'a' stage: 'b' }", "TEST", 0, ("a",), False),
        ("include { stage: 'a' stage: 'b' }", "TEST", 0, ("b", "c", "a"), True),
        ("include { not_stage: 'a' not_stage: 'b' }", "TEST", 0, ("b",), False),
        ("include { not_stage: 'a' }", "TEST", 0, ("b",), True),
        ("include { stage: 'a' } include { phase: TEST }", "TEST", 0, (), True),
        ("exclude { stage: 'a' } exclude { phase: TEST }", "TEST", 0, (), False),
        ("exclude { stage: 'a' phase: TEST }", "TEST", 0, (), True),
    ],
)
def test_rules(rules: str, phase: str, level: int, stages: tuple[str, ...], kept: bool) -> None:
    assert included(layer(rules), phase, level, stages) is kept


def test_include_beside_exclude_is_refused() -> None:
    message = "layer 'x': 1 include and 2 exclude rules; a layer has only one kind"
    with pytest.raises(InvalidNetError, match=message):
        included(layer("include {} exclude {} exclude {}"), "TEST", 0, ())
