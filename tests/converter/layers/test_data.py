"""Data layers become inputs, of the shape that the text or the caller tells."""

from __future__ import annotations

import numpy as np
import pytest

from converter.errors import InvalidNetError
from converter.loading import load
from converter.net import load_net
from converter.tracing import trace

LABELLED = 'layer {{ name: "d" type: "{}" top: "data" top: "label" {} }}'
CROPPED = "data_param { batch_size: 8 } transform_param { crop_size: 20 "


@pytest.mark.parametrize(
    ("kind", "param", "data"),
    [
        ("Data", CROPPED + "}", (8, 3, 20, 20)),
        ("Data", CROPPED + "force_gray: true }", (8, 1, 20, 20)),
        ("Data", CROPPED + "mean_value: [1, 2, 3, 4] }", (8, 4, 20, 20)),
        ("ImageData", "image_data_param { new_height: 9 new_width: 7 }", (1, 3, 9, 7)),
        (
            "ImageData",
            "image_data_param { batch_size: 2 is_color: false } transform_param { crop_size: 5 }",
            (2, 1, 5, 5),
        ),
        (
            "WindowData",
            "window_data_param { batch_size: 2 } transform_param { crop_size: 5 }",
            (2, 3, 5, 5),
        ),
        (
            "MemoryData",
            "memory_data_param { batch_size: 2 channels: 5 height: 3 width: 4 }",
            (2, 5, 3, 4),
        ),
    ],
)
def test_shape_is_what_the_text_tells(
    tmp_path, kind: str, param: str, data: tuple[int, ...]
) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(LABELLED.format(kind, param))
    net = load_net(path)
    assert net.inputs == ("data", "label")
    assert (net.shapes["data"], net.shapes["label"]) == (data, data[:1])


@pytest.mark.parametrize(
    ("kind", "param", "match"),
    [
        (
            "Data",
            "data_param { batch_size: 8 }",
            "give the deploy prototxt, or --input-shape 8,C,H,W",
        ),
        ("ImageData", "", "--input-shape 1,3,H,W"),
        ("ImageData", "image_data_param { new_height: 9 }", "must be given together"),
        ("WindowData", "", "no transform_param.crop_size"),
        ("MemoryData", "memory_data_param { batch_size: 2 }", "each must be at least 1"),
        ("HDF5Data", "hdf5_data_param { batch_size: 4 }", "--input-shape 4,C,H,W"),
        ("HDF5Data", "transform_param { scale: 2 }", "takes no transform_param"),
    ],
)
def test_shape_that_nobody_tells_is_refused(tmp_path, kind: str, param: str, match: str) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(LABELLED.format(kind, param))
    with pytest.raises(InvalidNetError, match=match):
        load_net(path)


def test_given_shape_is_taken_and_labels_follow_it(tmp_path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(LABELLED.format("Data", "data_param { batch_size: 64 }"))
    net = load_net(path, input_shape=(2, 1, 28, 27))
    assert (net.shapes["data"], net.shapes["label"]) == ((2, 1, 28, 27), (2,))


def test_hdf5_tops_take_a_shape_each(tmp_path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(LABELLED.format("HDF5Data", "hdf5_data_param { batch_size: 4 }"))
    with pytest.raises(InvalidNetError, match="has 2 inputs"):
        load_net(path, input_shape=(4, 3))
    net = load_net(path, input_shape={"data": (4, 3), "label": (4, 2)})
    assert (net.shapes["data"], net.shapes["label"]) == ((4, 3), (4, 2))


def test_train_val_net_runs_with_its_data_as_inputs(tmp_path) -> None:
    text = """
        layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TEST }
                data_param { batch_size: 8 } transform_param { crop_size: 6 } }
        layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN }
                data_param { batch_size: 64 } transform_param { crop_size: 5 } }
        layer { name: "pool" type: "Pooling" bottom: "data" top: "pool"
                pooling_param { pool: AVE global_pooling: true } }
        layer { name: "acc" type: "Accuracy" bottom: "pool" bottom: "label" top: "acc" }"""
    path = tmp_path / "train_val.prototxt"
    path.write_text(text)
    data = np.eye(3)[[2, 0, 1, 1]][:, :, None, None] * np.ones((4, 3, 7, 7))
    blobs = trace(load(None, path), {"data": data, "label": np.array([2.0, 0, 1, 0])})
    assert blobs["acc"] == 0.75
