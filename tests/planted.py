"""Faults to plant in a port of MemNet's topology, at any width: what each must be told as, and the layer it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


class Scaled(nn.Module):
    """A layer whose output is multiplied by 1.01."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.layer = [layer]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 1.01 * self.layer[0](x)


class Swapped(nn.Conv2d):
    """A grouped convolution that gives each half of its filters the other half of its input."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.cat(x.chunk(2, 1)[::-1], 1))


def replace_class(port: nn.Module, name: str, cls: type[nn.Module]) -> None:
    getattr(port, name).__class__ = cls


@dataclass(frozen=True)
class Fault:
    name: str
    plant: Callable[[nn.Module], object]
    layer: str
    """`LAYER (TYPE)` that must be named."""
    said: str
    """What it must be called."""


def change_one_weight(port: nn.Module) -> None:
    with torch.no_grad():
        port.conv3.weight[7, 3, 1, 2] *= 1.01


def undivided(port: nn.Module) -> None:
    port.norm2 = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=1.0)


def scale(port: nn.Module) -> None:
    port.conv4 = Scaled(port.conv4)


def leave_out_relu(port: nn.Module) -> None:
    port.relu2 = nn.Identity()


def mean_pool(port: nn.Module) -> None:
    port.pool2 = nn.AvgPool2d(3, stride=2, ceil_mode=True)


def drop(port: nn.Module) -> None:
    class Drop(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.manual_seed(0)
            return nn.functional.dropout(x, 0.5, training=True)

    port.drop6 = Drop()


class ChannelsLast(nn.Linear):
    """A first inner product that flattens height, width, channel, as a port from another library does."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        side = 6
        planes = x.reshape(len(x), -1, side, side)
        return super().forward(planes.permute(0, 2, 3, 1).reshape(len(x), -1))


class Turned(nn.Conv2d):
    """A convolution in the mathematical sense."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(x, self.weight.flip(2, 3), self.bias)


class Unbiased(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight)


class Rgb(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.flip(1))


def reclass(name: str, cls: type[nn.Module]) -> Callable[[nn.Module], None]:
    return lambda port: replace_class(port, name, cls)


CONV3, CONV4, CONV5 = ("'conv3' (Convolution)", "'conv4' (Convolution)", "'conv5' (Convolution)")
FC6, FC7 = ("'fc6' (InnerProduct)", "'fc7' (InnerProduct)")
UNDIVIDED = "alpha 0.0001 is not divided by the window's 5"
SWAPPED = "the 2 groups of its input are swapped"
TURNED = "turned by 180 degrees"

FAULTS = (
    Fault("one weight changed by 1 %", change_one_weight, CONV3, "its weights are not the file's"),
    Fault("one layer scaled by 1 %", scale, CONV4, "1.00% too large"),
    Fault("swapped groups", reclass("conv5", Swapped), CONV5, SWAPPED),
    Fault("LRN alpha not divided by n", undivided, "'norm2' (LRN)", UNDIVIDED),
    Fault("a ReLU left out", leave_out_relu, "'relu2' (ReLU)", "'relu2' is left out"),
    Fault("pooling by the mean", mean_pool, "'pool2' (Pooling)", "pools by AVE, not by MAX"),
    Fault("dropout as in training", drop, "'drop6' (Dropout)", "drops as in training"),
    Fault("channels last", reclass("fc6", ChannelsLast), FC6, "flattened channels last"),
    Fault("kernels turned", reclass("conv3", Turned), CONV3, TURNED),
    Fault("bias left out", reclass("fc7", Unbiased), FC7, "the bias is left out"),
    Fault("channels reversed", reclass("conv1", Rgb), "'conv1' (Convolution)", "as RGB for BGR"),
)
