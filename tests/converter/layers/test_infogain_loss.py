"""InfogainLoss takes its matrix from a file, found beside the net, into the state dict."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect, net_of, refuse

from converter.loading import to_module
from protos import BlobProto

TEXT = (
    'layer { name: "l" type: "InfogainLoss" bottom: "x" bottom: "t" top: "y" '
    'infogain_loss_param { source: "H.binaryproto" } }'
)
MATRIX = np.array([[2.0, 0.5], [0.0, 3.0]])
INPUTS = {"x": np.log([[1.0, 3.0], [1.0, 1.0]]), "t": np.array([0.0, 1.0])}


def write_matrix(folder, *values: float) -> None:
    blob = BlobProto(data=values)
    blob.shape.dim.extend((1, 1, 1, len(values)))
    (folder / "H.binaryproto").write_bytes(blob.SerializeToString())


def test_matrix_weighs_the_logarithms(tmp_path) -> None:
    write_matrix(tmp_path, *MATRIX.flat)
    first = 2 * np.log(0.25) + 0.5 * np.log(0.75)
    expect(tmp_path, TEXT, -(first + 3 * np.log(0.5)) / 2, **INPUTS)


def test_matrix_is_in_the_state_dict(tmp_path) -> None:
    write_matrix(tmp_path, *MATRIX.flat)
    module = to_module(net_of(tmp_path, TEXT, **INPUTS), None)
    assert np.array_equal(module.state_dict()["l.matrix"], MATRIX)


def test_matrix_of_another_size_is_refused(tmp_path) -> None:
    write_matrix(tmp_path, 1, 2, 3)
    refuse(tmp_path, TEXT, "2 classes need 2x2", **INPUTS)


@pytest.mark.parametrize("content", [None, b"", b"\xff"])
def test_file_without_a_matrix_is_refused(tmp_path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "H.binaryproto").write_bytes(content)
    refuse(tmp_path, TEXT, "H.binaryproto: is", **INPUTS)
