"""Caffe's fillers: what real Caffe stored where nothing is random, else distributions with filler.hpp's numbers."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from golden import GOLDENS
from safetensors import safe_open
from scipy import stats

import converter
from converter.cli import main
from converter.conversion import prepare
from converter.errors import CaffeError, InvalidNetError
from converter.fillers import fill
from converter.layer import Filler
from converter.loading import to_module

LEAST_P = 1e-3
"""Below this a sample would not be of the distribution; the seeds are fixed, so that a test that passes stays so."""

KERNEL, MATRIX, VIDEO = (60, 50, 4, 3), (170, 110), (20, 11, 3, 5, 4)
FAN_IN, FAN_OUT, AVERAGE = range(3)

TEXT = """
name: "filled"
layer { type: "Input" name: "data" top: "data" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 8 } } }
layer { type: "Convolution" name: "conv" bottom: "data" top: "conv" convolution_param {
  num_output: 6 kernel_size: 3 weight_filler { type: "xavier" } bias_filler { type: "constant" value: 0.1 } } }
layer { type: "PReLU" name: "relu" bottom: "conv" top: "conv" }
layer { type: "InnerProduct" name: "fc" bottom: "conv" top: "fc" inner_product_param {
  num_output: 4 weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "uniform" min: 1 max: 2 } } }
"""


def filled(type: str, shape: tuple[int, ...], **fields) -> np.ndarray:  # noqa: A002 - Caffe's word
    """A blob by a filler, with a fixed seed."""
    return fill(Filler(type=type, **fields), shape, np.random.default_rng(15))


def assert_distributed(values: np.ndarray, distribution) -> None:
    """A Kolmogorov-Smirnov test of all numbers."""
    assert values.dtype == np.float32
    assert stats.kstest(values.ravel().astype(float), distribution.cdf).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("case", "layer"),
    [
        ("layers/deconv_bilinear_odd", "op"),
        ("layers/deconv_bilinear_group", "op"),
        ("nets/fcn_deconv_crop", "up4"),
    ],
)
def test_bilinear_is_what_caffe_stored(shared, case, layer) -> None:
    stored = converter.load_weights(GOLDENS / case / "net.caffemodel")[layer][0]
    np.testing.assert_array_equal(filled("bilinear", stored.shape), stored)


def test_constant_is_the_float32_of_its_value() -> None:
    np.testing.assert_array_equal(
        filled("constant", (3, 2), value=0.1), np.full((3, 2), np.float32(0.1))
    )


def test_uniform_has_its_limits() -> None:
    assert_distributed(filled("uniform", KERNEL, min=-0.3, max=1.1), stats.uniform(-0.3, 1.4))


def test_gaussian_has_its_mean_and_deviation() -> None:
    assert_distributed(filled("gaussian", KERNEL, mean=0.7, std=0.2), stats.norm(0.7, 0.2))


def test_sparse_gaussian_keeps_sparse_of_the_outputs() -> None:
    values = filled("gaussian", (40, 500), std=2.0, sparse=10)
    kept = values[values != 0]
    assert stats.binomtest(kept.size, values.size, 10 / 40).pvalue > LEAST_P
    assert_distributed(kept, stats.norm(0, 2))


def test_positive_unitball_rows_sum_to_one() -> None:
    values = filled("positive_unitball", (7, 5, 3, 2))
    rows = values.reshape(7, -1).astype(float)
    np.testing.assert_allclose(rows.sum(1), 1, rtol=1e-6)  # 30 numbers, each rounded to float32
    assert rows.min() >= 0
    even = rows / rows.max(1, keepdims=True)
    assert stats.kstest(np.delete(even, even.argmax(1)), stats.uniform.cdf).pvalue > LEAST_P


@pytest.mark.parametrize(
    ("shape", "norm", "n"),
    [
        (KERNEL, FAN_IN, 50 * 4 * 3),
        (KERNEL, FAN_OUT, 60 * 4 * 3),
        (KERNEL, AVERAGE, (50 + 60) / 2 * 4 * 3),
        (MATRIX, FAN_IN, 110),
        (MATRIX, FAN_OUT, 170),
        (MATRIX, AVERAGE, (110 + 170) / 2),
        (VIDEO, FAN_IN, 11 * 3 * 5 * 4),
        (VIDEO, FAN_OUT, 20 * 3 * 5 * 4),
        ((5000,), FAN_IN, 1),
        ((5000,), FAN_OUT, 5000),
    ],
)
def test_xavier_and_msra_follow_the_fan(shape, norm, n) -> None:
    limit = sqrt(3 / n)
    assert_distributed(
        filled("xavier", shape, variance_norm=norm), stats.uniform(-limit, 2 * limit)
    )
    assert_distributed(filled("msra", shape, variance_norm=norm), stats.norm(0, sqrt(2 / n)))


@pytest.mark.parametrize(
    ("type", "shape", "fields", "match"),
    [
        ("diagonal", (2, 3), {}, r"'diagonal' is unknown; known are constant, gaussian"),
        ("xavier", (2, 3), {"sparse": 1}, "only 'gaussian' can be sparse"),
        ("gaussian", (2, 3), {"std": 0.0}, "std 0.0; it must be above 0"),
        ("gaussian", (2, 3), {"sparse": 3}, "with 2 outputs it may be 0 to 2"),
        ("uniform", (2, 3), {"min": 2.0}, "min 2.0 above max 1.0"),
        ("bilinear", (2, 1, 3, 4), {}, r"square kernel, found shape \(2, 1, 3, 4\)"),
    ],
)
def test_what_caffe_refuses_is_refused(type, shape, fields, match) -> None:  # noqa: A002
    with pytest.raises(InvalidNetError, match=match):
        filled(type, shape, **fields)


@pytest.fixture
def prototxt(tmp_path, monkeypatch) -> Path:
    """A net's text in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = Path("filled.prototxt")
    path.write_text(TEXT)
    return path


def test_load_initializes_a_net_from_its_text(prototxt) -> None:
    state = converter.load(None, prototxt, initialize=3).state_dict()
    again = converter.load(None, prototxt, initialize=3).state_dict()
    other = converter.load(None, prototxt, initialize=4).state_dict()
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert not torch.equal(state["conv.weight"], other["conv.weight"])
    assert state["conv.weight"].abs().max() <= sqrt(3 / 27)
    assert (state["conv.bias"] == 0.1).all() and (state["relu.weight"] == 0.25).all()
    assert 0 < state["fc.weight"].std() < 0.02 and 1 <= state["fc.bias"].min() <= 2


def test_random_fillers_need_a_seed(prototxt) -> None:
    with pytest.raises(CaffeError, match=r"conv.*its filler 'xavier' is random(.|\n)*fc"):
        converter.load(None, prototxt, allow_missing=True)


def test_bilinear_needs_no_seed(prototxt) -> None:
    prototxt.write_text(
        TEXT.split('layer { type: "Conv', maxsplit=1)[0]
        + 'layer { type: "Deconvolution" name: "up" bottom: "data" top: "up" convolution_param {'
        ' num_output: 3 group: 3 kernel_size: 4 stride: 2 bias_term: false weight_filler { type: "bilinear" } } }'
    )
    weight = converter.load(None, prototxt, allow_missing=True).up.weight
    assert weight[0, 0, 0].tolist() == [0.0625, 0.1875, 0.1875, 0.0625]


def test_a_layer_that_the_file_lacks_gets_what_a_net_without_file_gets(shared) -> None:
    """A new head on old weights: Caffe's fine-tuning."""
    folder = GOLDENS / "formats" / "deploy_has_more_layers"
    net, weights = (
        converter.load_net(folder / "net.prototxt"),
        converter.load_weights(folder / "net.caffemodel"),
    )
    lacking = [
        step.layer.name for step in net.steps if step.blobs and step.layer.name not in weights
    ]
    tuned, fresh = (to_module(net, given, seed=3).state_dict() for given in (weights, None))
    assert lacking
    for key, value in tuned.items():
        layer = key.rpartition(".")[0]
        assert torch.equal(value, fresh[key]) == (layer in lacking) or not value.any(), key


def test_folder_says_that_its_weights_are_untrained(prototxt, capsys) -> None:
    label = "initialised by fillers, untrained (seed 3)"
    assert main([str(prototxt), "--init", "3", "--check", "-o", "out"]) == 0
    printed = capsys.readouterr().out
    assert label in printed and "check passed" in printed
    assert f"**The weights: {label}.**" in Path("out/README.md").read_text()
    record = json.loads(Path("out/conversion.json").read_text())
    assert record["filled"] == {"layers": ["conv", "relu", "fc"], "seed": 3}
    assert any(label in warning for warning in record["warnings"])
    with safe_open("out/model.safetensors", "pt") as file:
        assert file.metadata()["weights"] == label


def test_negative_seed_is_refused_and_nothing_written(prototxt, capsys) -> None:
    assert main([str(prototxt), "--init", "-3"]) == 2
    assert "the seed of the fillers is -3; it must be 0 or more" in capsys.readouterr().err
    assert list(Path().iterdir()) == [prototxt]


def test_a_seed_that_nothing_needs_is_told(shared) -> None:
    folder = GOLDENS / "formats" / "v2_binary"
    notes = prepare(folder / "net.caffemodel", folder / "net.prototxt", initialize=3).notes
    assert "nothing was initialised: the file has the weights of every layer" in notes
