"""The net inside a `.caffemodel`: real files that hold the net they were trained with."""

from __future__ import annotations

import numpy as np
import pytest
from golden import assert_close
from google.protobuf import text_format

from converter import tolerance
from converter.errors import InvalidNetError
from converter.loading import load
from converter.net import load_net
from converter.tracing import trace
from protos import NetParameter

# model file, the input to name, and which blob of the training net is which of the deploy net
REAL = {
    "cifar10-full-v1": ("cifar10_full_iter_70000.caffemodel", None, {"ip1": "ip1"}),
    "lenet-v1-2014": ("lenet_iter_10000.caffemodel", None, {"ip2": "ip2"}),
    "mtcnn-det1": ("det1.caffemodel", "data12face", {"conv4-1": "conv4-1", "conv4-2": "conv4-2"}),
    "ddpg-critic": ("Trained_Critic.caffemodel", None, {"q_values": "q_values"}),
    "vdsr": ("VDSR_Adam.caffemodel", None, {"conv5": "conv5"}),
}


@pytest.mark.parametrize("name", REAL)
def test_embedded_net_computes_what_the_deploy_net_computed(shared, name: str) -> None:
    file, renamed, blobs = REAL[name]
    folder = shared / "models" / name
    recorded = np.load(folder / "blobs.npz")
    fed = {renamed or key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    shapes = {blob: array.shape for blob, array in fed.items()}
    found = trace(load(folder / file, input_shape=shapes), fed)
    for blob, recording in blobs.items():
        if f"out/{recording}" in recorded.files:
            assert_close(blob, found[blob], recorded[f"out/{recording}"], tolerance.CAFFE)
        else:
            at = recorded[f"pos/{recording}"].reshape(-1)
            sample = recorded[f"sample/{recording}"].reshape(-1)
            assert_close(blob, found[blob].reshape(-1)[at], sample, tolerance.CAFFE)


def test_labels_and_automatic_splits_are_gone(shared) -> None:
    net = load_net(shared / "models/mtcnn-det1/det1.caffemodel", input_shape=(2, 3, 12, 12))
    assert net.inputs == ("data12face",)
    assert net.outputs == ("conv4-1", "conv4-2")
    critic = load_net(shared / "models/ddpg-critic/Trained_Critic.caffemodel")
    assert (critic.inputs, critic.outputs) == (("state", "action"), ("q_values",))


def test_unknown_size_is_asked_for_with_the_known_channels(shared) -> None:
    with pytest.raises(InvalidNetError, match=r"'data'; give it with --input-shape 1,3,H,W"):
        load_net(shared / "models/cifar10-full-v1/cifar10_full_iter_70000.caffemodel")


def test_crop_size_and_mean_values_of_the_data_layer_are_used(shared) -> None:
    path = shared / "models/yufacedetect-v1/yufacedetectnet-open-v1.caffemodel"
    net = load_net(path, input_shape=(1, 3, 64, 96))
    assert net.transform is not None
    assert net.transform.mean_value == (104.0, 117.0, 123.0)
    assert "mbox_loss" in net.warnings[-1]


@pytest.mark.parametrize(
    ("kind", "param", "stored", "expected"),
    [
        # files hold the channels of one group
        ("Convolution", "convolution_param { kernel_size: 1 group: 2", (4, 3, 1, 1), (1, 6, 5, 5)),
        ("InnerProduct", "inner_product_param {", (4, 50), (1, 2, 5, 5)),
        ("InnerProduct", "inner_product_param {", (4, 51), (1, 51)),  # no image of 5 x 5: a vector
    ],
)
def test_input_is_told_by_crop_and_first_weights(
    tmp_path, kind: str, param: str, stored: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    text = f"""
        layer {{ name: "data" type: "Data" top: "data" transform_param {{ crop_size: 5 }} }}
        layer {{
          name: "first" type: "{kind}" bottom: "data" top: "y" {param} num_output: 4 bias_term: false }}
        }}"""
    proto = text_format.Parse(text, NetParameter())
    blob = proto.layer[1].blobs.add(data=np.ones(np.prod(stored)))
    blob.shape.dim.extend(stored)
    path = tmp_path / "net.caffemodel"
    path.write_bytes(proto.SerializeToString())
    assert load_net(path).shapes["data"] == expected
