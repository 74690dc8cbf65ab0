"""float32 rounding: our error against the float64 reference stays near real Caffe's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SHARED
from golden import cases, find, load_case

from converter import tolerance
from converter.loading import to_module
from converter.net import Net, load_net
from converter.reference import evaluate
from converter.tracing import trace
from converter.weights import Weights, load_weights

MODELS = SHARED / "models"
SMALLEST = 64  # a blob of fewer elements says little about rounding


def models() -> list[dict]:
    index = MODELS / "index.json"
    return json.loads(index.read_text()) if index.is_file() else []


def ratios(net: Net, weights: Weights | None, recorded: np.lib.npyio.NpzFile) -> dict[str, float]:
    """Our largest error over Caffe's, blob by blob, both against the reference."""
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    ours, truth = trace(to_module(net, weights), fed), evaluate(net, weights, fed)
    found = {}
    for blob in net.shapes:
        if f"out/{blob}" in recorded.files:
            theirs, at = recorded[f"out/{blob}"].reshape(-1), slice(None)
        elif f"sample/{blob}" in recorded.files:
            theirs, at = recorded[f"sample/{blob}"].reshape(-1), recorded[f"pos/{blob}"].reshape(-1)
        else:
            continue
        exact = truth[blob].reshape(-1)[at]
        if blob in net.inputs or exact.size < SMALLEST or not np.isfinite(exact).all():
            continue
        floor = tolerance.FLOAT32_STEP * np.abs(exact).max()
        if floor:
            caffe = max(np.abs(theirs - exact).max(), floor)
            found[blob] = np.abs(ours[blob].reshape(-1)[at] - exact).max() / caffe
    return found


def judge(found: dict[str, float]) -> None:
    """Hold the ratios to the limits."""
    worst = max(found, key=lambda blob: found[blob])
    mean = float(np.exp(np.mean(np.log(np.maximum(list(found.values()), 1e-3)))))
    assert found[worst] <= tolerance.ERROR_RATIO_WORST, f"{worst}: {found[worst]:.3g}"
    assert mean <= tolerance.ERROR_RATIO_MEAN, f"geometric mean {mean:.3g}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            m["name"],
            marks=[pytest.mark.slow] if m["name"] in {"vdsr", "srcnn", "began-generator"} else [],
        )
        for m in models()
    ],
)
def test_models_round_like_caffe(name: str) -> None:
    model = next(m for m in models() if m["name"] == name)
    net, weights = load_net(MODELS / model["deploy"]), load_weights(MODELS / model["model_file"])
    judge(ratios(net, weights, np.load(MODELS / name / "blobs.npz")))


@pytest.mark.parametrize("name", [name for name in cases("nets") if find("nets", name)["params"]])
def test_nets_round_like_caffe(name: str) -> None:
    net, path, _, _ = load_case("nets", name)
    recorded = np.load(path.parent / "blobs.npz")
    judge(ratios(net, load_weights(path), recorded))
