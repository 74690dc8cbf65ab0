"""Ports by hand: members named like Caffe's layers are compared blob by blob, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import converter
import validation
from converter.conversion import prepare
from validation.net.watch import watch


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
        ((torch.zeros(2, 1), torch.zeros(2, 1)), "returns 2 tensors; the net's outputs are 'fc8-"),
        ({"logits": 1}, "returns no tensors; the net's outputs are 'fc8-euclidean'"),
    ],
)
def test_port_with_other_outputs_is_told(thin: Path, found: object, match: str) -> None:
    report = judge(thin, Two(found))
    runs = next(check for check in report.checks if check.name == "the port runs")
    assert match in runs.detail
    assert report.exit_code == 1
