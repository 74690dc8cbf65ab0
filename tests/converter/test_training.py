"""Dropout and BatchNorm in `train()` against Caffe's arithmetic in its training phase, written out here."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from conftest import ROOT
from one_layer import compute, net_of
from scipy import stats
from weighted_net import normal

from converter.bind import Bound
from converter.loading import instantiate, to_module
from converter.lower import lower
from converter.state import state_dict

LEAST_P = 1e-3
RATIO = 0.3
DROPOUT = 'layer {{ type: "Dropout" name: "y" bottom: "x" top: "y" dropout_param {{ dropout_ratio: 0.3 {} }} }}'
NORM = 'layer {{ type: "BatchNorm" name: "norm" bottom: "x" top: "y" batch_norm_param {{ eps: 0.01 {} }} }}'


def dropped(tmp_path, fields: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input, output and gradient of a Dropout in train mode."""
    net = net_of(tmp_path, DROPOUT.format(fields), x=normal(40, 50, 3))
    x = torch.tensor(normal(40, 50, 3), requires_grad=True)
    torch.manual_seed(15)
    y = to_module(net, None).train()(x)
    y.sum().backward()
    return x.detach().numpy(), y.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize(("fields", "kept"), [("", 1 / (1 - RATIO)), ("scale_train: false", 1.0)])
def test_dropout_keeps_and_scales_as_caffe_while_training(tmp_path, fields, kept) -> None:
    x, y, gradient = dropped(tmp_path, fields)
    mask = y != 0
    assert stats.binomtest(int(mask.sum()), mask.size, 1 - RATIO).pvalue > LEAST_P
    np.testing.assert_allclose(
        y, x * mask * kept, rtol=1e-7
    )  # 0.7 is a double for torch, a float for Caffe
    np.testing.assert_allclose(gradient, mask * kept, rtol=1e-7)


@pytest.mark.parametrize(("fields", "factor"), [("", 1.0), ("scale_train: false", 1 - RATIO)])
def test_dropout_in_the_test_phase(tmp_path, fields, factor) -> None:
    x = normal(2, 3, 5)
    np.testing.assert_allclose(
        compute(tmp_path, DROPOUT.format(fields), x=x)["y"], x * factor, rtol=1e-12
    )


class CaffeBatchNorm:
    """batch_norm_layer.cpp in the training phase, for (N, C, H, W)."""

    def __init__(self, mean, variance, factor: float, fraction: float, eps: float) -> None:
        self.sums, self.factor, self.fraction, self.eps = (
            [mean * factor, variance * factor],
            factor,
            fraction,
            eps,
        )

    def forward(self, x: np.ndarray) -> np.ndarray:
        m = x.size // x.shape[1]
        mean = x.mean((0, 2, 3), keepdims=True)
        variance = np.square(x - mean).mean((0, 2, 3), keepdims=True)
        self.factor = self.factor * self.fraction + 1
        statistics = mean.ravel(), variance.ravel() * m / (m - 1)
        self.sums = [
            new + self.fraction * old for new, old in zip(statistics, self.sums, strict=True)
        ]
        return (x - mean) / np.sqrt(variance + self.eps)

    @property
    def averages(self) -> list[np.ndarray]:
        return [total / self.factor for total in self.sums]


def norms(tmp_path, fraction: float, factor: float) -> tuple[torch.nn.Module, CaffeBatchNorm]:
    """A converted BatchNorm in train mode and Caffe's, with the same statistics."""
    fields = f"moving_average_fraction: {fraction}"
    net = net_of(tmp_path, NORM.format(fields), x=normal(4, 3, 5, 2))
    mean, variance = np.float32([0.5, -1, 2]), np.float32([1, 0.25, 4])
    blobs = ((), (mean * np.float32(factor), variance * np.float32(factor), np.float32([factor])))
    lowering = lower(net)
    module = instantiate(lowering.program, state_dict(net, lowering, Bound(blobs, (), ())))
    return module.double().train(), CaffeBatchNorm(mean, variance, factor, fraction, 0.01)


def check_steps(module: torch.nn.Module, caffe: CaffeBatchNorm) -> None:
    """Five batches through both; outputs and averages must be the same."""
    for step in range(5):
        x = normal(4, 3, 5 + step, 2)
        np.testing.assert_allclose(
            module(torch.tensor(x)).detach(), caffe.forward(x), rtol=1e-9, atol=1e-12
        )
        mean, variance = caffe.averages
        np.testing.assert_allclose(module.norm.running_mean, mean, rtol=1e-6)
        np.testing.assert_allclose(module.norm.running_var, variance, rtol=1e-6)


@pytest.mark.parametrize("fraction", [0.999, 0.95, 0.9])
def test_batch_norm_of_a_trained_net_moves_as_caffes(tmp_path, fraction) -> None:
    """The factor of a net that was trained for long is 1 / (1 - fraction)."""
    check_steps(*norms(tmp_path, fraction, 1 / (1 - fraction)))


@pytest.mark.parametrize("factor", [0.0, 1.0, 37.5])
def test_documented_lines_make_any_batch_norm_move_as_caffes(tmp_path, factor) -> None:
    block = re.search(
        r"```python\n(\s*def caffe_average.*?)```",
        (ROOT / "docs/training.md").read_text(),
        re.DOTALL,
    )
    indent = re.match(r"\s*", block[1])[0]
    namespace: dict = {}
    exec(block[1].replace(f"\n{indent}", "\n").strip(), namespace)
    module, caffe = norms(tmp_path, 0.999, factor)
    namespace["caffe_average"](module.norm, factor)
    check_steps(module, caffe)


def test_momentum_is_written_where_it_is_not_torchs(tmp_path) -> None:
    for fraction, momentum in ((0.999, 0.001), (0.9, 0.1), (0.95, 0.05)):
        assert norms(tmp_path, fraction, 1.0)[0].norm.momentum == momentum
