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
LARGE = "began-generator"
SLOW = [pytest.mark.slow]
NETS = [name for name in cases("nets") if find("nets", name)["params"]]


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


def model_ratios(name: str) -> dict[str, float]:
    model = next(m for m in models() if m["name"] == name)
    net, weights = load_net(MODELS / model["deploy"]), load_weights(MODELS / model["model_file"])
    return ratios(net, weights, np.load(MODELS / name / "blobs.npz"))


def net_ratios(name: str) -> dict[str, float]:
    net, path, _, _ = load_case("nets", name)
    return ratios(net, load_weights(path), np.load(path.parent / "blobs.npz"))


def judge(found: dict[str, float]) -> None:
    """Hold the worst ratio to its limit."""
    worst = max(found, key=lambda blob: found[blob])
    assert found[worst] <= tolerance.ERROR_RATIO_WORST, f"{worst}: {found[worst]:.3g}"


@pytest.mark.parametrize(
    "name",
    [pytest.param(m["name"], marks=SLOW if m["name"] == LARGE else []) for m in models()],
)
def test_models_round_like_caffe(name: str) -> None:
    judge(model_ratios(name))


@pytest.mark.parametrize("name", NETS)
def test_nets_round_like_caffe(name: str) -> None:
    judge(net_ratios(name))


def test_all_round_like_caffe_on_average() -> None:
    found = [net_ratios(name) for name in NETS]
    found += [model_ratios(m["name"]) for m in models() if m["name"] != LARGE]
    blobs = [ratio for net in found for ratio in net.values()]
    assert len(blobs) >= 80
    assert np.exp(np.mean(np.log(np.maximum(blobs, 1e-3)))) <= tolerance.ERROR_RATIO_MEAN
