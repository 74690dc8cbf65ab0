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
from converter.cli import main

MODELS = SHARED / "models"
LIMITS = {("mtcnn-relu-det1", "prob1"): tolerance.SATURATED_SOFTMAX}

# Runs with nothing but torch, NumPy and safetensors: None in sys.modules makes an import fail.
STRANGER = """
import importlib.util, json, sys
import numpy as np, torch
from safetensors.torch import load_file
folder, blobs, result = sys.argv[1:]
sys.modules.update(dict.fromkeys(["converter", "memnet", "protos", "validation"]))
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
np.savez(result, **{entry["blob"]: o.numpy() for entry, o in zip(record["outputs"], outs, strict=True)})
"""


def models() -> list[dict]:
    index = MODELS / "index.json"
    return json.loads(index.read_text()) if index.is_file() else []


@pytest.fixture(scope="module", params=[m["name"] for m in models()])
def converted(request, tmp_path_factory) -> tuple[dict, Path]:
    model = next(m for m in models() if m["name"] == request.param)
    folder = tmp_path_factory.mktemp("models") / request.param
    arguments = [str(MODELS / model["model_file"]), "--prototxt", str(MODELS / model["deploy"])]
    assert main([*arguments, "-o", str(folder)]) == 0
    return model, folder


def test_outputs_equal_caffe_without_the_toolkit(converted, tmp_path) -> None:
    model, folder = converted
    blobs = MODELS / model["name"] / "blobs.npz"
    result = tmp_path / "result.npz"
    command = [sys.executable, "-I", "-c", STRANGER, str(folder), str(blobs), str(result)]
    subprocess.run(command, check=True, cwd=tmp_path)
    found, recorded = np.load(result), np.load(blobs)
    assert sorted(found.files) == sorted(model["outputs"])
    for blob in found.files:
        check_recorded(model["name"], blob, found[blob], recorded)


def test_every_blob_equals_caffe(converted) -> None:
    from converter.check import load_folder
    from converter.tracing import trace

    model, folder = converted
    recorded = np.load(MODELS / model["name"] / "blobs.npz")
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    record = json.loads((folder / "conversion.json").read_text())
    found = trace(load_folder(folder, record["class"]), fed)
    blobs = {key.split("/", 1)[1] for key in recorded.files if key.startswith(("out/", "sample/"))}
    assert blobs <= set(found)
    for blob in blobs:
        check_recorded(model["name"], blob, found[blob], recorded)


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
