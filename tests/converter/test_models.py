"""Real published models, through the command line, then loaded where the toolkit cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SHARED
from golden import assert_close

from converter import tolerance
from converter.check import load_folder
from converter.cli import main
from converter.tracing import trace

MODELS = SHARED / "models"
LIMITS = {("mtcnn-relu-det1", "prob1"): tolerance.SATURATED_SOFTMAX}

# Runs with nothing but torch, NumPy and safetensors: None in sys.modules makes an import fail.
STRANGER = """
import importlib.util, json, sys
import numpy as np, torch
from safetensors.torch import load_file
sys.modules.update(dict.fromkeys(["converter", "memnet", "protos", "validation"]))
for line in sys.stdin:
    folder, blobs, result = json.loads(line)
    record = json.load(open(f"{folder}/conversion.json"))
    spec = importlib.util.spec_from_file_location("model", f"{folder}/model.py")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    net = getattr(model, record["class"])().eval()
    net.load_state_dict(load_file(f"{folder}/model.safetensors"))
    fed = np.load(blobs)
    with torch.no_grad():
        out = net(*[torch.tensor(fed["in/" + entry["blob"]]) for entry in record["inputs"]])
    outs = out if isinstance(out, tuple) else (out,)
    names = [entry["blob"] for entry in record["outputs"]]
    np.savez(result, **{name: o.numpy() for name, o in zip(names, outs, strict=True)})
"""


def models() -> list[dict]:
    index = MODELS / "index.json"
    return json.loads(index.read_text()) if index.is_file() else []


NAMES = [model["name"] for model in models()]


def find(name: str) -> dict:
    return next(model for model in models() if model["name"] == name)


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    """A folder for each model, written by the command line."""
    folder = tmp_path_factory.mktemp("models")
    for model in models():
        arguments = [str(MODELS / model["model_file"]), "--prototxt", str(MODELS / model["deploy"])]
        assert main([*arguments, "-o", str(folder / model["name"])]) == 0
    return folder


@pytest.fixture(scope="module")
def outputs(converted: Path) -> Path:
    """`<name>.npz`, the outputs of each model in a process where the toolkit cannot be imported."""
    jobs = [
        json.dumps(
            [
                str(converted / name),
                str(MODELS / name / "blobs.npz"),
                str(converted / f"{name}.npz"),
            ]
        )
        for name in NAMES
    ]
    command = [sys.executable, "-I", "-c", STRANGER]
    subprocess.run(command, check=True, cwd=converted, input="\n".join(jobs), text=True)
    return converted


@pytest.mark.parametrize("name", NAMES)
def test_outputs_equal_caffe_without_the_toolkit(outputs: Path, name: str) -> None:
    found, recorded = np.load(outputs / f"{name}.npz"), np.load(MODELS / name / "blobs.npz")
    assert sorted(found.files) == sorted(find(name)["outputs"])
    for blob in found.files:
        check_recorded(name, blob, found[blob], recorded)


@pytest.mark.parametrize("name", NAMES)
def test_every_blob_equals_caffe(converted: Path, name: str) -> None:
    recorded = np.load(MODELS / name / "blobs.npz")
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    record = json.loads((converted / name / "conversion.json").read_text())
    found = trace(load_folder(converted / name, record["class"]), fed)
    blobs = {key.split("/", 1)[1] for key in recorded.files if key.startswith(("out/", "sample/"))}
    assert blobs <= set(found)
    for blob in blobs:
        check_recorded(name, blob, found[blob], recorded)


def check_recorded(
    model: str, blob: str, found: np.ndarray, recorded: np.lib.npyio.NpzFile
) -> None:
    """Compare a blob with what was recorded of it: all of it, or a sample and the sum of magnitudes."""
    limit = LIMITS.get((model, blob), tolerance.CAFFE)
    if f"out/{blob}" in recorded.files:
        assert_close(blob, found, recorded[f"out/{blob}"], limit)
        return
    sample = found.reshape(-1)[recorded[f"pos/{blob}"].reshape(-1)]
    assert_close(blob, sample, recorded[f"sample/{blob}"].reshape(-1), limit)
    if f"abssum/{blob}" in recorded.files:
        total = float(recorded[f"abssum/{blob}"])
        assert abs(np.abs(found.astype(float)).sum() - total) <= limit * total
