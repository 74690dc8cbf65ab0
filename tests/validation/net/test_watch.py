"""Ports by hand: members named like Caffe's layers are compared blob by blob, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import converter
import validation
from converter.conversion import prepare
from validation.net.watch import watch
from validation.page.verdict import summary


class ByHand(nn.Module):
    """MemNet at an eighth of its width as people write it: functional ReLUs, members named like the layers."""

    def __init__(self) -> None:
        super().__init__()
        lrn = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
        self.features = nn.ModuleDict(
            {
                "conv1": nn.Conv2d(3, 12, 11, 4),
                "pool1": nn.MaxPool2d(3, 2, ceil_mode=True),
                "norm1": nn.LocalResponseNorm(**lrn),
                "conv2": nn.Conv2d(12, 32, 5, padding=2, groups=2),
                "pool2": nn.MaxPool2d(3, 2, ceil_mode=True),
                "norm2": nn.LocalResponseNorm(**lrn),
                "conv3": nn.Conv2d(32, 48, 3, padding=1),
                "conv4": nn.Conv2d(48, 48, 3, padding=1, groups=2),
                "conv5": nn.Conv2d(48, 32, 3, padding=1, groups=2),
            }
        )
        self.fc6 = nn.Linear(1152, 128)
        self.relu6 = nn.ReLU(inplace=True)
        self.fc7 = nn.Linear(128, 128)
        self.fc8_euclidean = nn.Linear(128, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        part = self.features
        x = part["norm1"](part["pool1"](functional.relu(part["conv1"](x))))
        x = part["norm2"](part["pool2"](functional.relu(part["conv2"](x))))
        for name in ("conv3", "conv4", "conv5"):
            x = functional.relu(part[name](x))
        x = functional.max_pool2d(x, 3, 2).flatten(1)
        x = functional.relu(self.fc7(self.relu6(self.fc6(x))))
        return self.fc8_euclidean(x)


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


@pytest.fixture
def port(thin: Path) -> ByHand:
    theirs = converter.load(thin / "net.caffemodel", thin / "net.prototxt").state_dict()
    port = ByHand()
    port.load_state_dict(
        {
            f"features.{key}" if key.startswith("conv") else key: value
            for key, value in theirs.items()
        }
    )
    return port


def judge(thin: Path, port: nn.Module) -> validation.Report:
    return validation.check_parity(
        thin / "net.caffemodel", thin / "net.prototxt", ("reference", thin / "blobs.npz"), port=port
    )


def test_every_blob_of_a_port_by_hand_is_compared(thin: Path, port: ByHand) -> None:
    report = judge(thin, port)
    assert report.verdict == "passed", str(report)
    assert [row.blob for row in report.blobs if row.judge == "reference"] == [
        "conv1", "pool1", "norm1", "conv2", "pool2", "norm2", "conv3", "conv4",
        "pool5", "fc6", "fc7", "fc8-euclidean",
    ]  # fmt: skip
    assert "found by content" in report.checks[0].detail
    assert "members named like Caffe's layers" in report.notes[0]
    assert "not compared, for the port does not show them: 'conv5'" in report.notes
    assert summary(report).endswith("Not compared, for the port does not show them: 'conv5'.")


def test_fault_of_a_port_by_hand_is_named(thin: Path, port: ByHand) -> None:
    port.features["norm1"].alpha = 5e-4
    report = judge(thin, port)
    (alone,) = [check for check in report.checks if check.name.endswith("alone")]
    assert alone.name == "layer 'norm1' (LRN) alone"
    assert alone.detail == "alpha 0.0001 is not divided by the window's 5"


class Numbered(nn.Module):
    """The same with members that no name tells, all between them functions."""

    def __init__(self, other: ByHand, alpha: float = 1e-4, *, swap: bool = False) -> None:
        super().__init__()
        convolutions = [other.features[f"conv{at}"] for at in range(1, 6)]
        self.features = nn.ModuleList(convolutions)
        self.classifier = nn.ModuleList([other.fc6, other.fc7, other.fc8_euclidean])
        self.alpha, self.swap = alpha, swap

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for at, layer in enumerate(self.features):
            if at == 1 and self.swap:
                x = torch.cat(x.chunk(2, 1)[::-1], 1)
            x = functional.relu(layer(x))
            if at in (0, 1):
                x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
                x = functional.local_response_norm(x, 5, self.alpha if at else 1e-4)
        x = functional.max_pool2d(x, 3, 2).flatten(1)
        for layer in self.classifier[:2]:
            x = functional.relu(layer(x))
        return self.classifier[2](x)


def test_members_of_other_names_are_known_by_their_weights(thin: Path, port: ByHand) -> None:
    report = judge(thin, Numbered(port))
    assert report.verdict == "passed", str(report)
    assert [row.blob for row in report.blobs if row.judge == "reference"] == [
        "norm1", "norm2", "conv3", "conv4", "pool5", "fc6", "fc7", "fc8-euclidean"
    ]  # fmt: skip
    for other, said in (
        (Numbered(port, 5e-4), "alpha 0.0001 is not divided by the window's 5"),
        (Numbered(port, swap=True), "with their 2 groups swapped"),
    ):
        (alone,) = [check for check in judge(thin, other).checks if check.name.endswith("alone")]
        assert said in alone.detail


def test_member_with_one_weight_changed_is_known_still(thin: Path, port: ByHand) -> None:
    other = Numbered(port)
    with torch.no_grad():
        other.features[2].weight[7, 3, 1, 2] *= 1.01
    report = judge(thin, other)
    assert "differ: conv3.weight" in report.checks[0].detail
    (alone,) = [check for check in report.checks if check.name.endswith("alone")]
    assert alone.name == "layer 'conv3' (Convolution) alone"


def test_what_no_member_shows_is_judged_between_two_that_do(thin: Path, port: ByHand) -> None:
    """The ReLU after conv3 is a function: left out, its place is told between conv3 and what reads it."""

    class Leaky(ByHand):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            part = self.features
            x = part["norm1"](part["pool1"](functional.relu(part["conv1"](x))))
            x = part["norm2"](part["pool2"](functional.relu(part["conv2"](x))))
            x = part["conv4"](part["conv3"](x))
            x = functional.relu(part["conv5"](functional.relu(x)))
            x = functional.max_pool2d(x, 3, 2).flatten(1)
            return self.fc8_euclidean(functional.relu(self.fc7(self.relu6(self.fc6(x)))))

    port.__class__ = Leaky
    report = judge(thin, port)
    (alone,) = [check for check in report.checks if check.name.endswith("alone")]
    assert alone.name == "layer 'relu3' (ReLU) alone"
    assert alone.detail == "'relu3' is left out"


def test_layer_called_twice_is_not_taken(thin: Path, port: ByHand) -> None:
    class Twice(ByHand):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.features["conv1"](x)
            return super().forward(x)

    port.__class__ = Twice
    conversion = prepare(thin / "net.caffemodel", thin / "net.prototxt")
    seen = watch(port.eval(), conversion, {"data": torch.zeros(1, 3, 227, 227).numpy()})
    assert 0 not in seen.made
    assert "conv1" in seen.blobs  # as pool1 is given it
    assert seen.error == ""


def test_port_that_raises_is_told_and_compared_up_to_there(thin: Path, port: ByHand) -> None:
    port.fc6 = nn.Linear(1151, 128)
    report = judge(thin, port)
    assert report.exit_code == 1
    runs = next(check for check in report.checks if check.name == "the port runs")
    assert "shapes cannot be multiplied" in runs.detail
    rows = {row.blob: row.passed for row in report.blobs if row.judge == "reference"}
    assert rows["conv4"]
    assert "fc8-euclidean" not in rows
    assert any("does not show them: 'conv5', 'fc6'" in note for note in report.notes)


class Two(nn.Module):
    def __init__(self, found: object) -> None:
        super().__init__()
        self.found = found

    def forward(self, x: torch.Tensor) -> object:
        return self.found


@pytest.mark.parametrize(
    ("found", "match"),
    [
        (
            (torch.zeros(2, 1), torch.zeros(2, 1)),
            "returns 2 tensors, (2, 1), (2, 1); the net's outputs are 'fc8-euclidean' (10, 1)",
        ),
        ({"logits": 1, "other": 2}, "returns a dict of 'logits', 'other'; the net's outputs are"),
        (None, "returns a NoneType that is no tensor, tuple of tensors, or dict by name"),
    ],
)
def test_port_with_other_outputs_is_told(thin: Path, found: object, match: str) -> None:
    report = judge(thin, Two(found))
    runs = next(check for check in report.checks if check.name == "the port runs")
    assert match in runs.detail
    assert report.exit_code == 1


class Returning(nn.Module):
    """A port that returns the same otherwise."""

    def __init__(self, port: nn.Module, made: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.port, self.made = port, made

    def forward(self, x: torch.Tensor) -> object:
        return self.made(self.port(x))


def convolved(linear: nn.Linear, channels: int, size: int) -> nn.Conv2d:
    convolution = nn.Conv2d(channels, linear.out_features, size)
    weight = linear.weight.detach().reshape(-1, channels, size, size)
    convolution.load_state_dict({"weight": weight, "bias": linear.bias.detach()})
    return convolution


class Convolutional(ByHand):
    """Linear layers as convolutions, as for pictures of any size."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        part = self.features
        x = part["norm1"](part["pool1"](functional.relu(part["conv1"](x))))
        x = part["norm2"](part["pool2"](functional.relu(part["conv2"](x))))
        for name in ("conv3", "conv4", "conv5"):
            x = functional.relu(part[name](x))
        x = functional.relu(self.dense6(functional.max_pool2d(x, 3, 2)))
        return self.dense8(functional.relu(self.dense7(x)))


@pytest.mark.parametrize(
    "made", [lambda y: {"fc8-euclidean": y}, lambda y: {"score": y}, lambda y: y.squeeze(1)]
)
def test_output_may_be_in_a_dict_or_squeezed(thin: Path, port: ByHand, made: object) -> None:
    assert judge(thin, Returning(port, made)).verdict == "passed"


def test_port_in_float64_is_fed_so_and_holds_the_files_numbers(thin: Path, port: ByHand) -> None:
    report = judge(thin, port.double())
    assert report.verdict == "passed", str(report)
    with torch.no_grad():
        port.fc7.bias[3] += 1e-12  # of a number that float32 does not tell from this one
    assert not judge(thin, port).checks[0].passed


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_port_of_half_precision_is_told(thin: Path, port: ByHand, kind: torch.dtype) -> None:
    weights = judge(thin, port.to(kind)).checks[0]
    assert weights.measured == 16
    assert weights.detail.endswith(f"the port is in {kind}")


def test_linear_layers_as_convolutions_hold_the_same_weights(thin: Path, port: ByHand) -> None:
    port.__class__ = Convolutional
    port.dense6, port.dense7 = convolved(port.fc6, 32, 6), convolved(port.fc7, 128, 1)
    port.dense8 = convolved(port.fc8_euclidean, 128, 1)
    del port.fc6, port.fc7, port.fc8_euclidean
    report = judge(thin, port)
    assert report.verdict == "passed", str(report)
    assert {"fc6", "fc7"} <= {row.blob for row in report.blobs}
    with torch.no_grad():
        port.dense7.weight[5, 6] *= 1.01
    assert "differ: fc7.weight (1 of 16,384 numbers; most at (5, 6): " in str(judge(thin, port))


def test_port_without_weights_to_look_at_is_no_port_with_other_weights(
    thin: Path, port: ByHand
) -> None:
    frozen = nn.Module()
    # as of a frozen script: what it computes with is in no state_dict
    frozen.forward = port.eval().forward
    report = judge(thin, frozen)
    assert [check.name for check in report.checks if check.passed is not True] == ["weights"]
    assert report.exit_code == 2


def test_exported_program_is_a_port(thin: Path, port: ByHand) -> None:
    program = torch.export.export(port.eval(), (torch.zeros(2, 3, 227, 227),))
    report = validation.check_parity(
        thin / "net.caffemodel",
        thin / "net.prototxt",
        (thin / "blobs.npz",),
        port=program.module(),
    )
    assert report.verdict == "passed", str(report)


def test_outputs_in_another_order_are_told(shared: Path) -> None:
    files = [shared / f"models/mtcnn-det1/det1.{kind}" for kind in ("caffemodel", "prototxt")]
    port = Returning(converter.load(*files), lambda pair: (pair[1], pair[0]))
    runs = next(
        check for check in validation.check_parity(*files, port=port).checks if not check.passed
    )
    assert "'conv4-2' (1, 4, 1, 1), 'prob1' (1, 2, 1, 1), in this order" in runs.detail


def test_counted_batches_are_no_weight(shared: Path) -> None:
    net = shared / "goldens/nets/resnet_bn_scale"
    port = converter.load(net / "net.caffemodel", net / "net.prototxt")
    port.bn_conv1.num_batches_tracked += 7
    report = validation.check_parity(net / "net.caffemodel", net / "net.prototxt", port=port)
    assert report.verdict == "passed", str(report)
