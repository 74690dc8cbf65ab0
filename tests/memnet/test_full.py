"""The full-size MemNet against recorded real Caffe: all 40 scores, 256 values of every blob, and the file itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
from golden import assert_close

import converter
import memnet
from converter import tolerance
from converter.tracing import trace

RECORDED = np.load(rule.RECORDED)
BLOBS = [name.removeprefix("sample/") for name in RECORDED.files if name.startswith("sample/")]


def test_v1_file_is_the_one_that_caffe_loaded(full_file: Path) -> None:
    with full_file.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == rule.V1_SHA256


@pytest.fixture(scope="module")
def traces(full_model: memnet.MemNet) -> list[dict[str, np.ndarray]]:
    found = []
    for image in rule.images():
        blobs = trace(full_model, {"data": rule.ten_crops(image)})
        found.append(
            {name: blob.reshape(-1)[RECORDED[f"pos/{name}"]] for name, blob in blobs.items()}
        )
        found[-1]["scores"] = blobs["fc8-euclidean"][:, 0]
    return found


def test_scores_are_caffes(traces: list[dict[str, np.ndarray]]) -> None:
    scores = np.stack([found["scores"] for found in traces])
    assert_close("40 scores", scores, RECORDED["out/fc8-euclidean"], tolerance.CAFFE)


@pytest.mark.parametrize("blob", BLOBS)
def test_sampled_blob_is_caffes(traces: list[dict[str, np.ndarray]], blob: str) -> None:
    found = np.stack([one[blob] for one in traces])
    assert_close(blob, found, RECORDED[f"sample/{blob}"], tolerance.CAFFE)


def test_every_recorded_blob_is_compared() -> None:
    assert len(BLOBS) == 14


@pytest.mark.parametrize("crops", ["center", "ten"])
def test_predict_scores_pictures_as_caffe(full_model: memnet.MemNet, crops: str) -> None:
    recorded = RECORDED["out/fc8-euclidean"]
    expected = recorded[:, 4] if crops == "center" else recorded.astype(float).mean(1)
    found = memnet.predict(full_model, rule.images(), crops)
    assert found.dtype == np.float32
    assert_close(f"scores, {crops}", found, expected, tolerance.CAFFE)


def test_converter_load_computes_bitwise_the_same(
    full_file: Path, full_model: memnet.MemNet
) -> None:
    fed = {"data": rule.ten_crops(rule.images()[0])[:2]}
    ours, theirs = trace(full_model, fed), trace(converter.load(full_file), fed)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[blob], theirs[blob]) for blob in ours)
