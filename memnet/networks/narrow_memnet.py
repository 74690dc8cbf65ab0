"""MemNet at other widths, and as the author of ResMem rebuilt it in PyTorch.

Both are `memnet.model.MemNet` with other layers under the same names, so that they share its `forward`.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..model import MemNet
from ..preprocessing import CHANNEL_MEANS, preprocessing
from .resmem import narrowed
from .resmem_preprocess import ResMemPreprocess

M = TypeVar("M", bound=MemNet)

CHANNELS = (96, 256, 384, 384, 256)
"""Of conv1 to conv5."""
REBUILT_CHANNELS = (48, *CHANNELS[1:])
UNITS = 4096
"""Of fc6 and fc7."""
PLACES = 36
"""Of pool5, 6 x 6."""


class NarrowMemNet(MemNet):
    """MemNet with other numbers of channels, its sizes and groups unchanged."""

    def __init__(
        self, *, width: float, channels: tuple[int, ...] = CHANNELS, conv3_groups: int = 1
    ) -> None:
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced at once
            super().__init__()
        one, two, three, four, five = (narrowed(count, width) for count in channels)
        units = narrowed(UNITS, width)
        self.conv1 = nn.Conv2d(3, one, kernel_size=11, stride=4)
        self.conv2 = nn.Conv2d(one, two, kernel_size=5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(two, three, kernel_size=3, padding=1, groups=conv3_groups)
        self.conv4 = nn.Conv2d(three, four, kernel_size=3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(four, five, kernel_size=3, padding=1, groups=2)
        self.fc6 = nn.Linear(PLACES * five, units)
        self.fc7 = nn.Linear(units, units)
        self.fc8_euclidean = nn.Linear(units, 1)


class RebuiltMemNet(NarrowMemNet):
    """MemNet as the author of ResMem rebuilt it: 48 channels leave conv1, and conv2 to conv5 all have two groups.

    He published no more than that. Ours are therefore the three inner products, which are MemNet's, and that the output
    is linear as MemNet's is; `sigmoid` puts ResMem's last layer behind it.
    """

    def __init__(self, *, width: float = 1.0, sigmoid: bool = False) -> None:
        super().__init__(width=width, channels=REBUILT_CHANNELS, conv3_groups=2)
        self.output = nn.Sigmoid() if sigmoid else nn.Identity()

    def forward(self, data: Tensor) -> Tensor:
        """(N, 3, 227, 227) -> (N, 1)."""
        out: Tensor = self.output(super().forward(data))
        return out


def memnet(*, width: float = 1.0, dropout: float = 0.5, mean: str = "") -> MemNet:
    """Return MemNet, at width 1 `memnet.MemNet` itself; fed BGR less a mean file or MemNet's channel means."""
    model = MemNet() if width == 1 else NarrowMemNet(width=width)
    rule = preprocessing(mean or np.array(CHANNEL_MEANS, np.float32).reshape(3, 1, 1))
    vars(model)["preprocess"] = rule
    return _dropping(model, dropout)


def rebuilt_memnet(
    *, width: float = 1.0, dropout: float = 0.5, sigmoid: bool = False
) -> RebuiltMemNet:
    """Return the rebuilt MemNet, fed as ResMem by the same author is (ours: for MemNet he did not say)."""
    model = RebuiltMemNet(width=width, sigmoid=sigmoid)
    vars(model)["preprocess"] = ResMemPreprocess()
    return _dropping(model, dropout)


def _dropping(model: M, share: float) -> M:
    model.drop6.p = model.drop7.p = share
    return model
