"""Planted faults of weights and network: each must be found, by the right check, and named with its own layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from planted import FAULTS, Fault
from torch import nn

import converter
import validation


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


def judge(thin: Path, port: nn.Module, *against: str | Path) -> validation.Report:
    against = against or ("reference", thin / "blobs.npz")
    return validation.check_parity(
        thin / "net.caffemodel", thin / "net.prototxt", against, port=port
    )


def loaded(thin: Path) -> nn.Module:
    return converter.load(thin / "net.caffemodel", thin / "net.prototxt")


def alone(report: validation.Report) -> list[validation.Check]:
    return [check for check in report.checks if check.name.endswith(" alone")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found_and_named_with_its_layer(thin: Path, fault: Fault) -> None:
    port = loaded(thin)
    fault.plant(port)
    report = judge(thin, port)
    assert report.exit_code == 1
    (named,) = alone(report)
    assert named.name == f"layer {fault.layer} alone"
    assert fault.said in named.detail
    assert named.stage == "network"
    blob = {"'relu2' (ReLU)": "conv2", "'drop6' (Dropout)": "fc6"}.get(
        fault.layer, fault.layer.split("'")[1]
    )
    firsts = [note for note in report.notes if "first difference" in note]
    assert len(firsts) == 2
    assert all(f"blob '{blob}'" in note for note in firsts)
    before = [row for row in report.blobs if row.depth < _depth(report, blob)]
    assert all(row.passed for row in before)


def _depth(report: validation.Report, blob: str) -> int:
    return next(row.depth for row in report.blobs if row.blob == blob)


def test_one_bit_of_a_weight_is_told_by_the_weights_alone(thin: Path) -> None:
    """The smallest change there is: no blob shows it, the bits do."""
    port = loaded(thin)
    with torch.no_grad():
        port.fc7.weight.view(torch.int32)[0, 0] ^= 1
    report = judge(thin, port)
    assert [check.name for check in report.checks if check.passed is False] == ["weights"]
    assert report.checks[0].stage == "weights"
    assert "differ: fc7.weight (1 of 16,384 numbers; most at (0, 0)" in report.checks[0].detail
    assert alone(report) == []


def test_pooling_that_rounds_down_is_named_and_stops_no_report(shared: Path) -> None:
    """cifar10's 32 x 32 pools to 16 when rounded up and 15 when not: the inner product then cannot run."""
    folder = shared / "models/cifar10-quick-v1"
    (model,), text = folder.glob("*.caffemodel"), folder / "cifar10_quick.prototxt"
    port = converter.load(model, text)
    port.pool1.ceil_mode = port.pool2.ceil_mode = port.pool3.ceil_mode = False
    report = validation.check_parity(model, text, ("reference", folder / "blobs.npz"), port=port)
    assert report.exit_code == 1
    runs = next(check for check in report.checks if check.name == "the port runs")
    assert "shapes cannot be multiplied" in runs.detail
    assert alone(report)[0].name == "layer 'pool1' (Pooling) alone"
    assert alone(report)[0].detail == "sizes are rounded down, Caffe rounds up"
    assert "first difference at layer 'pool1' (Pooling)" in " ".join(report.notes)
    rows = {row.blob: row for row in report.blobs if row.judge == "reference"}
    assert rows["conv1"].passed
    assert np.isinf(rows["pool1"].relative)


def test_recording_of_other_weights_is_no_fault_of_the_port(thin: Path, tmp_path: Path) -> None:
    with np.load(thin / "blobs.npz") as file:
        arrays = dict(file)
    arrays["out/conv4"] = arrays["out/conv4"] * np.float32(1.01)
    np.savez(tmp_path / "odd.npz", **arrays)
    report = judge(thin, loaded(thin), tmp_path / "odd.npz")
    assert [check.name for check in report.checks if check.passed is False] == ["odd.npz: conv4"]
    assert (
        "odd.npz: there it is odd.npz that is far from the float64 truth, not the port"
        in report.notes
    )
    assert any("each of the 22 layers that can be seen computes" in note for note in report.notes)


def test_port_where_everything_is_wrong_is_told_shortly(thin: Path) -> None:
    port = loaded(thin)
    with torch.no_grad():
        for parameter in port.parameters():
            parameter.mul_(1.01)
    report = judge(thin, port)
    assert len(alone(report)) == 4
    assert any(
        "8 of 22 layers differ when computed alone; the first 4 are told" in note
        for note in report.notes
    )


@pytest.mark.parametrize(
    ("name", "layer"), [("se_prelu_face", "fc2"), ("lstm_caption", "lstm2.static")]
)
def test_scaled_layer_is_named_where_saturation_or_memory_hides_it(
    shared: Path, name: str, layer: str
) -> None:
    """A sigmoid in place hides its layer; a recurrent layer must be judged from its first forward."""
    folder = shared / "goldens/nets" / name
    files = (folder / "net.caffemodel", folder / "net.prototxt")
    port = converter.load(*files)
    port.get_submodule(layer).register_forward_hook(lambda _, __, made: 1.01 * made)
    report = validation.check_parity(*files, port=port)
    assert report.exit_code == 1
    (check,) = alone(report)
    assert check.name.startswith(f"layer {layer.partition('.')[0]!r} ")
    assert validation.check_parity(*files).exit_code == 0


@pytest.mark.parametrize(
    ("line", "other", "name", "said"),
    [
        (
            "self.conv4(",
            "1.01 * self.conv4(",
            "layer 'conv4' (Convolution) alone",
            "1.00% too large",
        ),
        ("self.conv1(data", "self.conv1(data / 255", "layer 'conv1' (Convolution) alone", "by 255"),
        # a layer in place that does not run, before another in place: nothing was blamed
        (
            "        fc6 = self.relu6(fc6)\n",
            "",
            "layer 'relu6' (ReLU) alone",
            "'relu6' is left out",
        ),
        # a layer whose module is passed by
        (
            "self.conv5(conv4)",
            "nn.functional.conv2d(conv4, self.conv5.weight, self.conv5.bias, groups=2)",
            "layer 'conv5' (Convolution) alone",
            "not what Caffe computes",
        ),
        # what comes after the last module: the module alone was judged
        (
            "self.fc8_euclidean(fc7)",
            "self.fc8_euclidean(fc7) - self.fc8_euclidean.bias",
            "layer 'fc8-euclidean' (InnerProduct) alone",
            "the bias is left out",
        ),
        # between a layer and one in place: the ReLU was blamed
        ("self.conv3(norm2)", "self.conv3(norm2) + 9", "layer 'conv3' (Convolution) alone", "not"),
        # in the return statement, which a trace passes by: nothing was found at all
        (
            "return fc8_euclidean",
            "return fc8_euclidean.sigmoid()",
            "layer 'fc8-euclidean' (InnerProduct) alone",
            "not what Caffe computes",
        ),
    ],
)
def test_fault_in_the_text_of_a_port_is_named(
    thin: Path, tmp_path: Path, line: str, other: str, name: str, said: str
) -> None:
    files = (thin / "net.caffemodel", thin / "net.prototxt")
    converter.convert(files[0], prototxt=files[1], out=tmp_path / "port")
    text = (tmp_path / "port/model.py").read_text()
    (tmp_path / "port/model.py").write_text(text.replace(line, other, 1))
    (check,) = alone(validation.check_parity(*files, port=tmp_path / "port"))
    assert check.name == name
    assert said in check.detail


def test_two_layers_changed_about_are_both_named_and_no_other(shared: Path, tmp_path: Path) -> None:
    """Both have one shape; the BatchNorms in place after them were blamed, too."""
    folder = shared / "goldens/nets/resnet_bn_scale"
    files = (folder / "net.caffemodel", folder / "net.prototxt")
    converter.convert(files[0], prototxt=files[1], out=tmp_path / "port")
    text = (tmp_path / "port/model.py").read_text()
    text = text.replace("self.r2a_b2b(", "self.other(").replace("self.r2b_b2b(", "self.r2a_b2b(")
    (tmp_path / "port/model.py").write_text(text.replace("self.other(", "self.r2b_b2b("))
    named = alone(validation.check_parity(*files, port=tmp_path / "port"))
    assert [check.name for check in named] == [
        "layer 'r2a_b2b' (Convolution) alone",
        "layer 'r2b_b2b' (Convolution) alone",
    ]


def test_outputs_returned_in_another_order_are_a_difference(shared: Path, tmp_path: Path) -> None:
    folder = shared / "models/mtcnn-det3"
    files = (folder / "det3.caffemodel", folder / "det3.prototxt")
    converter.convert(files[0], prototxt=files[1], out=tmp_path / "port")
    text = (tmp_path / "port/model.py").read_text()
    text = text.replace("Output(conv6_2, conv6_3,", "Output(conv6_3, conv6_2,")
    (tmp_path / "port/model.py").write_text(text)
    report = validation.check_parity(*files, port=tmp_path / "port")
    failed = [check.name for check in report.checks if check.passed is False]
    assert failed[:2] == ["reference: conv6-2", "reference: conv6-3"]
