"""Recorded cases as tests: `cases` lists them, `check_case` converts one and compares every blob."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from conftest import SHARED

from converter import tolerance
from converter.compare import relative_difference
from converter.loading import to_module
from converter.net import Net, load_net
from converter.reference import evaluate
from converter.tracing import trace
from converter.weights import load_weights

GOLDENS = SHARED / "goldens"
if not GOLDENS.is_dir():  # elsewhere: the part of the recordings that travels with the tests
    GOLDENS = Path(__file__).parent / "data" / "goldens"
MISSING_ALLOWED = {"deploy_has_more_layers", "renamed_layer", "duplicate_layer_names_in_deploy"}


@cache
def index() -> list[dict[str, Any]]:
    """Every recorded case."""
    cases: list[dict[str, Any]] = json.loads((GOLDENS / "index.json").read_text())["cases"]
    return cases


def cases(group: str) -> list[str]:
    """Names of the cases of a group that were run; memnet_full's weights are a rule, see tests/memnet."""
    return [
        case["case"]
        for case in index()
        if case["group"] == group
        and case["case"] != "memnet_full"
        and (GOLDENS / group / case["case"] / "blobs.npz").is_file()
    ]


def find(group: str, name: str) -> dict[str, Any]:
    """The index entry of a case."""
    return next(case for case in index() if case["group"] == group and case["case"] == name)


def load_case(group: str, name: str) -> tuple[Net, Path | None, dict[str, Any], dict[str, Any]]:
    """Return net, weights file, fed arrays and recorded arrays of a case."""
    case, folder = find(group, name), GOLDENS / group / name
    recorded = np.load(folder / "blobs.npz")
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    out = {key[4:]: recorded[key] for key in recorded.files if key.startswith("out/")}
    state = {
        "stages": tuple(case.get("stages") or ()),
        "level": case.get("level") or 0,
        "phase": case["phase"],
    }
    read = {"data", "label"} if "HDF5Data" in case["layer_types"] else set()
    fed |= {blob: out[blob] for blob in read}  # Caffe read them from a file, so they are in out/
    shapes = {blob: out[blob].shape for blob in read} or None
    net = load_net(folder / "net.prototxt", input_shape=shapes, **state)
    weights = folder / (case.get("weights_file") or "net.caffemodel")
    return net, weights if weights.is_file() else None, fed, out


def check_case(group: str, name: str, limit: float = tolerance.CAFFE) -> None:
    """Convert a case; compare module with Caffe, reference with Caffe, and the float64 module with the reference."""
    net, path, fed, recorded = load_case(group, name)
    weights = load_weights(path) if path else None
    allow = name in MISSING_ALLOWED
    module = to_module(net, weights, allow_missing=allow)
    double = to_module(net, weights, allow_missing=allow).double()
    state: dict[int, Any] = {}
    for expected in (recorded, *second_forward(group, name)):
        ours = trace(module, fed)
        assert set(expected) <= set(ours), f"blobs missing: {sorted(set(expected) - set(ours))}"
        reference = evaluate(net, weights, fed, allow_missing=allow, state=state)
        exact = trace(double, {key: array.astype(float) for key, array in fed.items()})
        for blob, array in expected.items():
            assert_close(f"{blob} (float32 module, Caffe)", ours[blob], array, limit)
            assert_close(f"{blob} (reference, Caffe)", reference[blob], array, limit)
            assert_close(
                f"{blob} (float64 module, reference)",
                exact[blob],
                reference[blob],
                tolerance.FLOAT64,
            )


def second_forward(group: str, name: str) -> list[dict[str, Any]]:
    """The blobs after a second forward with the same inputs, where it was recorded (layers with state)."""
    recorded = np.load(GOLDENS / group / name / "blobs.npz")
    again = {key[5:]: recorded[key] for key in recorded.files if key.startswith("out2/")}
    return [again] if again else []


def assert_close(what: str, found: np.ndarray, expected: np.ndarray, limit: float) -> None:
    """Fail with the worst element where the relative difference is beyond the limit."""
    assert found.shape == expected.shape, f"{what}: shape {found.shape} for {expected.shape}"
    difference = relative_difference(found, expected)
    assert difference <= limit, (
        f"{what}: {difference:.3g} > {limit:.3g}; {worst_element(found, expected)}"
    )


def worst_element(found: np.ndarray, expected: np.ndarray) -> str:
    """Say where two arrays of one shape differ most, with both values."""
    gap = np.nan_to_num(np.abs(found.astype(np.float64) - expected), nan=np.inf)
    at = tuple(map(int, np.unravel_index(int(gap.argmax()), gap.shape)))
    share = np.mean(gap > 0)
    return f"worst at {at}: {found[at]!r} for {expected[at]!r}; {share:.1%} of elements differ"
