"""Real SSD-type detectors: the same detections as Caffe's in number, image, class and order; every blob near."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SHARED
from golden import assert_close

from converter import tolerance
from converter.loading import to_module
from converter.net import load_net
from converter.tracing import trace
from converter.weights import load_weights

MODELS = SHARED / "models"
NAMES = ("hyperlpr-ssd", "ultraface-rfb320", "yufacedetect-v1")
COORDINATES = 1e-4  # of the image's size


def recordings() -> list[tuple[str, str]]:
    return [
        (name, path.name) for name in NAMES for path in sorted((MODELS / name).glob("blobs*.npz"))
    ]


@pytest.mark.parametrize(("name", "blobs"), recordings())
def test_detector_finds_what_caffe_finds(name: str, blobs: str) -> None:
    model = next(m for m in json.loads((MODELS / "index.json").read_text()) if m["name"] == name)
    net, weights = load_net(MODELS / model["deploy"]), load_weights(MODELS / model["model_file"])
    recorded = np.load(MODELS / name / blobs)
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    found = trace(to_module(net, weights), fed)
    for key in recorded.files:
        kind, blob = key.split("/", 1)
        if kind == "sample":
            sample = found[blob].reshape(-1)[recorded[f"pos/{blob}"].reshape(-1)]
            assert_close(blob, sample, recorded[key].reshape(-1), tolerance.CAFFE)
        elif kind == "out" and blob != "detection_out":
            assert_close(blob, found[blob], recorded[key], tolerance.CAFFE)
        elif kind == "out":
            ours, theirs = found[blob][0, 0], recorded[key][0, 0]
            assert ours[:, :2].tolist() == theirs[:, :2].tolist()
            assert np.abs(ours - theirs).max() <= COORDINATES
