"""A model of three numbers that stands in for MemNet where not the scores but the way to them is tested."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from memnet.calibration import load_calibration
from memnet.choice import Choice, Identity, preprocess_version
from memnet.network import Network
from memnet.preprocessing import overridden, preprocessing


class Tiny(nn.Module):
    """(N, 3, 227, 227) -> (N, 1): a weighted sum of the channels' means."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(3, 1)
        with torch.no_grad():
            self.fc.weight.copy_(torch.tensor([[0.001, 0.002, 0.003]]))
            self.fc.bias.fill_(0.1)

    def forward(self, data: Tensor) -> Tensor:
        out: Tensor = self.fc(self.pool(data).flatten(1))
        return out


@dataclass(frozen=True, kw_only=True)
class TinyChoice(Choice):
    """Loads Tiny. Where `dies` names a file that exists, the process that loads it removes the file and dies."""

    dies: str | None = None

    def network(self) -> Network:
        if self.dies is not None and Path(self.dies).exists():
            Path(self.dies).unlink()
            os._exit(1)
        return Network(
            model=Tiny().eval(),
            rule=overridden(
                preprocessing(np.zeros((3, 1, 1), np.float32)),
                resize=self.resize,
                ten_crop=self.ten_crop,
            ),
            crops=self.crops,
            batch_size=self.batch_size,
            features=self.features,
            calibration=load_calibration(self.calibration),
        )

    def identity(self, network: Network) -> Identity:
        return Identity(
            model=self.model,
            weights_sha256="0" * 64,
            crops=self.crops,
            preprocess_version=preprocess_version(network.rule),
            features=self.features,
            calibration=network.calibration.identity,
        )
