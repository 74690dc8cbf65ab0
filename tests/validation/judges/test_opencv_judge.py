"""OpenCV as a judge of many pictures: the net that it has read is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.conversion import prepare
from validation.judges.opencv import opencv_backend

cv2 = pytest.importorskip("cv2")


def test_net_is_read_once_for_inputs_of_one_shape(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thin = shared / "goldens/nets/memnet_thin"
    read, times = cv2.dnn.readNetFromCaffe, list[int]()
    monkeypatch.setattr(cv2.dnn, "readNetFromCaffe", lambda *of: (times.append(1), read(*of))[1])
    with np.load(thin / "blobs.npz") as file:
        data, scores = file["in/data"], file["out/fc8-euclidean"]
    backend = opencv_backend(prepare(thin / "net.caffemodel", thin / "net.prototxt"))
    for rows in ([0, 1], [1, 0], [0], [1], [0, 1]):
        found = backend({"data": data[rows]})["fc8-euclidean"]
        assert np.abs(found - scores[rows]).max() < 1e-5 * np.abs(scores).max()
    assert len(times) == 3
