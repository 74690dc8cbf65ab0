"""MemNet at an eighth of its width, from both of its files, V2 and V1, whole blobs and another batch size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden import assert_close

import converter
from converter import tolerance


@pytest.mark.parametrize("file", ["net.caffemodel", "net_v1.caffemodel"])
def test_every_blob_is_caffes(shared: Path, file: str) -> None:
    folder = shared / "goldens/nets/memnet_thin"
    recorded = np.load(folder / "blobs.npz")
    module = converter.load(folder / file, folder / "net.prototxt")
    found = converter.trace(module, {"data": recorded["in/data"]})
    for name in recorded.files:
        if name.startswith("out/"):
            assert_close(name, found[name.removeprefix("out/")], recorded[name], tolerance.CAFFE)


def test_v1_and_v2_weights_are_bitwise_equal(shared: Path) -> None:
    folder = shared / "goldens/nets/memnet_thin"
    new, old = (
        converter.load_weights(folder / name) for name in ("net.caffemodel", "net_v1.caffemodel")
    )
    assert (new.format, old.format) == ("V2", "V1")
    for name in filter(new.count, new):
        for ours, theirs in zip(new[name], old[name], strict=True):
            assert ours.shape == theirs.shape
            assert ours.tobytes() == theirs.tobytes()
