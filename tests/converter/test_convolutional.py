"""Fully convolutional nets: at the declared size what Caffe recorded, on larger images the plain net slid over them.

The oracles are recordings of real Caffe, the plain net's float64 reference run on each window of the features, and
the plain net itself run on crops, where its borders allow it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import SHARED
from golden import GOLDENS, assert_close, load_case
from one_layer import net_of
from weighted_net import normal, seeded_weights

import converter
from converter import tolerance
from converter.bind import bind
from converter.cli import main
from converter.conversion import prepare
from converter.convolutional import to_fully_convolutional
from converter.errors import CaffeError
from converter.layers.inner_product import InnerProduct
from converter.loading import to_module
from converter.net import Net
from converter.tracing import trace
from converter.weights import Weights, load_weights

Arrays = dict[str, Any]

CONV = """
layer { type: "Convolution" name: "conv" bottom: "x" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 stride: 2 } }
layer { type: "ReLU" name: "relu" bottom: "conv" top: "conv" }
"""
HEAD = """
layer { type: "InnerProduct" name: "fc1" bottom: "%s" top: "fc1" inner_product_param { num_output: 6 axis: %d } }
layer { type: "Dropout" name: "drop" bottom: "fc1" top: "fc1" }
layer { type: "InnerProduct" name: "fc2" bottom: "fc1" top: "fc2"
  inner_product_param { num_output: 5 bias_term: false } }
"""
CROPPED = Path("lenet-v2/lenet.prototxt"), Path("lenet-v2/lenet_iter_10000.caffemodel")


def model(name: str) -> tuple[Net, Path, Arrays, Arrays]:
    """Net, weights, inputs and outputs of a recorded net or a published model."""
    if name in {"memnet_thin", "resnet_bn_scale", "conv3d_video"}:
        net, path, fed, out = load_case("nets", name)
        assert path is not None
        return net, path, fed, out
    folder = SHARED / "models"
    entry = next(m for m in json.loads((folder / "index.json").read_text()) if m["name"] == name)
    recorded = np.load(folder / name / "blobs.npz")
    fed = {key[3:]: recorded[key] for key in recorded.files if key.startswith("in/")}
    out = {key[4:]: recorded[key] for key in recorded.files if key.startswith("out/")}
    return converter.load_net(folder / entry["deploy"]), folder / entry["model_file"], fed, out


@pytest.mark.parametrize(
    "name",
    [
        "memnet_thin",
        "resnet_bn_scale",
        "conv3d_video",
        "cifar10-quick-v2",
        "lenet-v2",
        "mtcnn-det2",
        "mtcnn-det3",
    ],
)
def test_at_the_declared_size_every_blob_is_caffes(shared, name) -> None:
    net, path, fed, recorded = model(name)
    found = trace(to_module(to_fully_convolutional(net), load_weights(path)), fed)
    assert recorded
    for blob, array in recorded.items():
        assert_close(blob, found[blob].reshape(array.shape), array, tolerance.CAFFE)
    for blob in net.outputs:
        assert found[blob].shape[2:] == (1,) * (len(net.shapes[net.inputs[0]]) - 2)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("memnet_thin", (291, 323), (3, 4)),
        ("cifar10-quick-v2", (41, 52), (2, 3)),
        ("lenet-v2", (36, 45), (3, 6)),
        ("mtcnn-det2", (33, 47), (3, 7)),
    ],
)
def test_a_larger_image_gives_the_plain_net_slid_over_its_features(
    shared, name, size, expected
) -> None:
    net, path, *_ = model(name)
    check_slid(net, load_weights(path), size, expected)


def check_slid(
    net: Net, weights: Weights, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Compare every output on one larger image with the float64 reference of the plain net, window by window."""
    (data,) = net.inputs
    image = np.random.default_rng(15).normal(size=(1, net.shapes[data][1], *size))
    found = trace(to_module(to_fully_convolutional(net), weights).double(), {data: image})
    for blob, array in slide(net, weights, data, image).items():
        assert array.shape[2:] == expected
        assert_close(blob, found[blob], array, tolerance.FLOAT64)


def slide(net: Net, weights: Weights, data: str, image: np.ndarray) -> Arrays:
    """The outputs of the plain net on each window of what its first inner product takes, laid out as maps."""
    steps = list(zip(net.steps, bind(net, weights).blobs, strict=True))
    first = next(
        at
        for at, step in enumerate(net.steps)
        if isinstance(step.layer, InnerProduct) or step.layer.type == "Flatten"
    )
    (bottom,) = net.steps[first].layer.bottoms
    features = computed(steps[:first], {data: image})[bottom]
    height, width = net.steps[first].bottoms[0][2:]
    rows, columns = features.shape[2] - height + 1, features.shape[3] - width + 1
    maps = {blob: np.zeros((1, net.shapes[blob][1], rows, columns)) for blob in net.outputs}
    for row, column in np.ndindex(rows, columns):
        window = features[:, :, row : row + height, column : column + width]
        outputs = computed(steps[first:], {bottom: window})
        for blob, array in maps.items():
            array[:, :, row, column] = outputs[blob]
    return maps


def computed(steps: list, blobs: Arrays) -> Arrays:
    """Run steps of the reference."""
    blobs = dict(blobs)
    for step, stored in steps:
        if step.layer.role != "input":
            bottoms = [blobs[bottom] for bottom in step.layer.bottoms]
            tops = step.layer.reference(bottoms, [blob.astype(float) for blob in stored])
            blobs.update(zip(step.layer.tops, tops, strict=True))
    return blobs


def test_each_position_is_the_plain_net_on_that_crop(shared) -> None:
    """LeNet pads nothing and pools even sizes: its map's step is 4 pixels, and borders play no part."""
    prototxt, weights = (shared / "models" / path for path in CROPPED)
    plain = converter.load(weights, prototxt).double()
    whole = converter.load(weights, prototxt, fully_convolutional=True).double()
    image = torch.tensor(np.random.default_rng(15).uniform(0, 1, (1, 1, 40, 36)))
    with torch.no_grad():
        found = whole(image)
        assert found.shape == (1, 10, 4, 3)
        for row, column in np.ndindex(4, 3):
            crop = image[..., 4 * row : 4 * row + 28, 4 * column : 4 * column + 28]
            torch.testing.assert_close(found[..., row, column], plain(crop), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "flatten",
    [
        'layer { type: "Flatten" name: "flat" bottom: "conv" top: "flat" }',
        'layer { type: "Reshape" name: "flat" bottom: "conv" top: "flat" reshape_param { shape { dim: 0 dim: -1 } } }',
    ],
)
def test_a_flatten_in_front_is_passed(tmp_path, flatten) -> None:
    net = net_of(tmp_path, CONV + flatten + HEAD % ("flat", -1), x=normal(2, 3, 9, 8))
    weights = seeded_weights(tmp_path, net)
    image = normal(1, 3, 13, 10)
    found = trace(to_module(to_fully_convolutional(net), weights).double(), {"x": image})
    straight = net_of(tmp_path, CONV + HEAD % ("conv", 1), x=normal(2, 3, 9, 8))
    expected = slide(straight, seeded_weights(tmp_path, straight), "x", image)
    assert_close("fc2", found["fc2"], expected["fc2"], tolerance.FLOAT64)


@pytest.mark.parametrize(
    ("tail", "tops"),
    [
        ('type: "Softmax" bottom: "fc2" softmax_param { axis: -1 }', ["y"]),
        ('type: "Scale" bottom: "fc2" scale_param { axis: 1 num_axes: -1 bias_term: true }', ["y"]),
        ('type: "Bias" bottom: "fc2" bias_param { axis: -1 }', ["y"]),
        ('type: "PReLU" bottom: "fc2"', ["y"]),
        ('type: "BatchNorm" bottom: "fc2"', ["y"]),
        ('type: "Concat" bottom: "fc2" bottom: "fc1" concat_param { axis: -1 }', ["y"]),
        ('type: "Slice" bottom: "fc2" slice_param { axis: -1 slice_point: 2 }', ["y", "z"]),
        ('type: "Eltwise" bottom: "fc2" bottom: "fc2"', ["y"]),
        ('type: "ArgMax" bottom: "fc2" argmax_param { axis: -1 top_k: 2 }', ["y"]),
    ],
)
def test_what_follows_works_at_each_position(tmp_path, tail, tops) -> None:
    last = f'layer {{ name: "y" {" ".join(f"top: {top!r}" for top in tops)} {tail} }}'
    net = net_of(tmp_path, CONV + HEAD % ("conv", 1) + last, x=normal(2, 3, 9, 8))
    check_slid(net, seeded_weights(tmp_path, net), (13, 10), (3, 2))


def test_inner_products_over_pooled_planes_stay(tmp_path) -> None:
    """A net with squeeze and excitation: its inner products take one vector whatever the image's size."""
    squeeze = """
layer { type: "Pooling" name: "pool" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
layer { type: "InnerProduct" name: "gate" bottom: "pool" top: "gate" inner_product_param { num_output: 4 } }
layer { type: "Sigmoid" name: "sigmoid" bottom: "gate" top: "gate" }
layer { type: "Scale" name: "scale" bottom: "conv" bottom: "gate" top: "scaled" scale_param { axis: 0 } }
"""
    net = to_fully_convolutional(
        net_of(tmp_path, CONV + squeeze + HEAD % ("scaled", 1), x=normal(2, 3, 9, 8))
    )
    assert net.warnings[-1].endswith("give a map: fc1, fc2")
    assert net.shapes["gate"] == (2, 4) and net.shapes["fc2"] == (2, 5, 1, 1)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (CONV, "no InnerProduct works on an image"),
        (
            CONV + HEAD % ("conv", 2),
            "layer 'fc1' .*works from axis 2 on; only axis 1 is a whole image",
        ),
        (
            CONV + HEAD.replace("num_output: 6", "num_output: 6 transpose: true") % ("conv", 1),
            r"transpose keeps its weights as \(inputs, outputs\)",
        ),
        (
            CONV + HEAD % ("conv", 1) + 'layer { type: "MVN" name: "y" bottom: "fc2" top: "y" }',
            r"layer 'y' \(MVN\): needs 'fc2' as one vector for each image, which is a map of shape \(2, 5, 1, 1\) now",
        ),
        (
            CONV + HEAD % ("conv", 1) + 'layer { type: "ArgMax" name: "y" bottom: "fc2" top: "y" }',
            "ranks all values of an image; give it axis 1",
        ),
        (
            CONV
            + 'layer { type: "Flatten" name: "f" bottom: "conv" top: "f" }'
            + 'layer { type: "Scale" name: "s" bottom: "f" top: "s" }'
            + HEAD % ("s", 1),
            r"layer 's' \(Scale\): needs 'f' as one vector",
        ),
    ],
)
def test_what_cannot_be_turned_is_refused_with_the_reason(tmp_path, text, match) -> None:
    net = net_of(tmp_path, text, x=normal(2, 3, 9, 8))
    with pytest.raises(CaffeError, match=match):
        to_fully_convolutional(net)


def test_weights_are_still_copied_from_file_to_file(shared) -> None:
    folder = GOLDENS / "nets" / "memnet_thin"
    model_file, prototxt = folder / "net.caffemodel", folder / "net.prototxt"
    plain, turned = (
        prepare(model_file, prototxt, fully_convolutional=flag) for flag in (False, True)
    )
    assert plain.weights is not None and turned.weights is not None
    for before, after in zip(plain.bound.blobs, turned.bound.blobs, strict=True):
        for old, new in zip(before, after, strict=True):
            assert plain.weights.span(old) == turned.weights.span(new) != None  # noqa: E711 - neither may be None


def test_fillers_fill_the_matrix_that_caffe_would(tmp_path) -> None:
    """FAN_OUT of (6, 48) is 6; of the kernel (6, 4, 4, 3) it would be 72."""
    norm = HEAD.replace(
        "num_output: 6", 'num_output: 6 weight_filler { type: "xavier" variance_norm: FAN_OUT }'
    )
    net = net_of(tmp_path, CONV + norm % ("conv", 1), x=normal(2, 3, 9, 8))
    plain, turned = (to_module(each, None, seed=1) for each in (net, to_fully_convolutional(net)))
    assert torch.equal(plain.fc1.weight, turned.fc1.weight.flatten(1))


def test_command_writes_and_checks_a_map(shared, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    prototxt, weights = (str(shared / "models" / path) for path in CROPPED)
    assert (
        main([weights, "--prototxt", prototxt, "--fully-convolutional", "--check", "-o", "out"])
        == 0
    )
    printed = capsys.readouterr().out
    assert "check passed" in printed and "turned into convolutions" in printed
    assert "self.ip1 = nn.Conv2d(50, 500, kernel_size=4)" in Path("out/model.py").read_text()
    assert "larger images give a map: ip1, ip2" in Path("out/README.md").read_text()
    assert main([prototxt, "--inspect", "--fully-convolutional"]) == 0
    assert "64x500x1x1" in capsys.readouterr().out
    assert (
        main(
            [str(shared / "models/srcnn/SRCNN_mat.prototxt"), "--inspect", "--fully-convolutional"]
        )
        == 2
    )
    assert "SRCNN_mat.prototxt: no InnerProduct works on an image" in capsys.readouterr().err
