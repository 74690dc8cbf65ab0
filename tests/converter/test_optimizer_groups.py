"""Learning rates and decays for each blob: values worked out by hand from prototxts, and Caffe's own update rule."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from golden import GOLDENS, cases, load_case
from one_layer import net_of

import converter
from converter.errors import InvalidNetError
from converter.loading import compile_class, to_module
from converter.lower import lower
from converter.weights import load_weights

LR, DECAY, MOMENTUM = 0.01, 0.0005, 0.9

LAYER = """layer {{ type: "InnerProduct" name: "{0}" bottom: "x" top: "{0}" {1}
  inner_product_param {{ num_output: 3 }} }}"""


def by_name(module: torch.nn.Module, groups: list) -> dict[str, tuple[float, float]]:
    """Parameter name -> (lr, weight decay) of its group."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def text(first: str, second: str = "") -> str:
    return LAYER.format("a", first) + "\n" + LAYER.format("b", second)


def module_of(net: converter.Net) -> torch.nn.Module:
    return to_module(net, None, allow_missing=True)


def test_memnets_biases_learn_twice_as_fast_and_do_not_decay(shared, tmp_path) -> None:
    """`blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0` in each layer, the V1 way."""
    folder = GOLDENS / "nets" / "memnet_thin"
    model, prototxt = folder / "net.caffemodel", folder / "net.prototxt"
    out = converter.convert(model, prototxt=prototxt, out=tmp_path / "out")
    module = converter.load(model, prototxt)
    groups = converter.parameter_groups(module, out, base_lr=LR, weight_decay=DECAY)
    assert [len(group["params"]) for group in groups] == [8, 8]
    for name, rate in by_name(module, groups).items():
        assert rate == ((0.02, 0.0) if name.endswith("bias") else (0.01, 0.0005)), name


def test_mtcnns_frozen_layers_are_left_out(shared) -> None:
    """Of the published net all convolutions but conv5-2 have lr_mult 0; the PReLUs say nothing, which is 1."""
    net = converter.load_net(shared / "models" / "mtcnn-det2" / "det2.prototxt")
    module = converter.load(None, shared / "models" / "mtcnn-det2" / "det2.prototxt", initialize=1)
    rates = by_name(module, converter.parameter_groups(module, net, base_lr=LR, weight_decay=DECAY))
    plain = dict.fromkeys([f"prelu{at}.weight" for at in range(1, 5)], (0.01, 0.0005))
    assert rates == plain | {"conv5_2.weight": (0.01, 0.0005), "conv5_2.bias": (0.02, 0.0005)}
    assert {name for name, p in module.named_parameters() if p.requires_grad} == set(rates)


def test_srcnns_last_layer_learns_at_a_tenth(shared) -> None:
    path = shared / "models" / "srcnn" / "SRCNN_net.prototxt"
    shapes = {"data": (2, 1, 33, 33), "label": (2, 1, 21, 21)}
    net = converter.load_net(path, input_shape=shapes)
    module = to_module(net, None, seed=1)
    rates = by_name(module, converter.parameter_groups(module, net, base_lr=1.0))
    tenth = {"conv1.bias", "conv2.bias", "conv3.weight", "conv3.bias"}
    assert rates == {
        name: (0.1 if name in tenth else 1.0, 0.0) for name, _ in module.named_parameters()
    }
    assert len(rates) == 6


def test_record_holds_each_blobs_factors(shared, tmp_path) -> None:
    folder = GOLDENS / "formats" / "v2_binary"
    out = converter.convert(
        folder / "net.caffemodel", prototxt=folder / "net.prototxt", out=tmp_path / "out"
    )
    rows = {row["name"]: row for row in json.loads((out / "conversion.json").read_text())["layers"]}
    weight, bias = rows["conv1"]["blobs"]
    assert (weight["lr_mult"], weight["decay_mult"]) == (1.0, 1.0)
    assert (bias["lr_mult"], bias["decay_mult"]) == (2.0, 0.0)


@pytest.mark.parametrize("group", ["nets", "layers", "forks", "formats"])
def test_every_parameter_of_every_recorded_net_has_a_rate(group) -> None:
    for name in cases(group):
        net = load_case(group, name)[0]
        with torch.device("meta"):
            module = compile_class(lower(net).program)()
        groups = converter.parameter_groups(module, net, base_lr=1.0)
        grouped = {id(parameter) for found in groups for parameter in found["params"]}
        for key, parameter in module.named_parameters():
            assert (id(parameter) in grouped) == parameter.requires_grad, f"{name}: {key}"


def test_batch_norms_statistics_do_not_learn(tmp_path) -> None:
    layer = 'layer { type: "BatchNorm" name: "y" bottom: "x" top: "y" }'
    net = net_of(tmp_path, layer, x=np.zeros((2, 3)))
    assert {rate.lr_mult for rate in net.rates[1]} == {0.0}


def test_a_shared_blob_has_the_rate_that_any_layer_gives(tmp_path) -> None:
    shared_by = text('param { name: "w" }', 'param { name: "w" lr_mult: 3 decay_mult: 0.5 }')
    net = net_of(tmp_path, shared_by, x=np.zeros((2, 5)))
    module = module_of(net)
    rates = by_name(module, converter.parameter_groups(module, net, base_lr=1, weight_decay=1))
    assert rates == {"a.weight": (3.0, 0.5), "a.bias": (1.0, 1.0), "b.bias": (1.0, 1.0)}


def test_sharers_that_disagree_are_refused_as_by_caffe(tmp_path) -> None:
    disagreeing = text('param { name: "w" lr_mult: 1 }', 'param { name: "w" lr_mult: 2 }')
    with pytest.raises(
        InvalidNetError, match=r"layer 'a': param 'w' is shared with lr_mult 1.0 and 2.0"
    ):
        net_of(tmp_path, disagreeing, x=np.zeros((2, 5)))


def test_another_nets_module_is_refused(tmp_path) -> None:
    net = net_of(tmp_path, text(""), x=np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"its source lacks: 0.weight"):
        converter.parameter_groups(
            torch.nn.Sequential(torch.nn.Linear(2, 3, bias=False)), net, base_lr=1
        )


@pytest.mark.parametrize("name", ["shared_params_permissive", "v2_binary"])
def test_three_steps_of_sgd_are_caffes(name) -> None:
    """sgd_solver.cpp: V = momentum * V + lr * (g + decay * W), W = W - V, with the summed gradient of shared blobs."""
    net, path, fed, _ = load_case("formats", name)
    module = to_module(net, load_weights(path)).double()
    groups = converter.parameter_groups(module, net, base_lr=LR, weight_decay=DECAY)
    optimizer = torch.optim.SGD(groups, lr=LR, momentum=MOMENTUM)
    inputs = [torch.tensor(fed[blob], dtype=torch.float64) for blob in net.inputs]
    blobs = by_storage(module)
    ours = {key: parameters[0].detach().numpy().copy() for key, parameters in blobs.items()}
    speed = {key: np.zeros_like(array) for key, array in ours.items()}
    rates = by_name(module, groups)
    names = {id(parameter): key for key, parameter in module.named_parameters()}
    for _ in range(3):
        optimizer.zero_grad()
        module(*inputs).square().mean().backward()
        for key, (owner, *sharers) in blobs.items():
            lr, decay = rates[names[id(owner)]]
            gradient = owner.grad + sum(sharer.grad.view_as(owner) for sharer in sharers)
            speed[key] = MOMENTUM * speed[key] + lr * (gradient.numpy() + decay * ours[key])
            ours[key] = ours[key] - speed[key]
        optimizer.step()
        for key, (owner, *_) in blobs.items():
            np.testing.assert_allclose(owner.detach().numpy(), ours[key], rtol=1e-12)


def by_storage(module: torch.nn.Module) -> dict[int, list[torch.nn.Parameter]]:
    """The parameters that are one blob in Caffe, by where their numbers are."""
    found: dict[int, list[torch.nn.Parameter]] = {}
    for parameter in module.parameters():
        found.setdefault(parameter.data_ptr(), []).append(parameter)
    return found


def test_folder_and_net_give_the_same_groups(tmp_path) -> None:
    folder = GOLDENS / "formats" / "shared_params_permissive"
    model, prototxt = folder / "net.caffemodel", folder / "net.prototxt"
    out = converter.convert(model, prototxt=prototxt, out=tmp_path / "out")
    module = converter.load(model, prototxt)
    of_folder, of_net = (
        by_name(module, converter.parameter_groups(module, source, base_lr=LR, weight_decay=DECAY))
        for source in (Path(out), converter.load_net(prototxt))
    )
    assert of_folder == of_net
    assert sorted(of_net.values()) == [(0.01, 0.0), (0.01, 0.0005)]
