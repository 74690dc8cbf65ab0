"""The networks by name: MemNet and the rebuilt one, ResMem frozen and not, their options."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import memnet
from converter import Preprocess
from converter.errors import InvalidNetError
from memnet.networks.architectures import (
    BRANCHES,
    MAPS,
    build,
    check_options,
    default_options,
)
from memnet.networks.narrow_memnet import NarrowMemNet
from memnet.networks.resmem_preprocess import ResMemPreprocess
from memnet.networks.triplemem import PRESETS
from memnet.segmenters import frozen
from memnet.training.optimization import make_optimizer
from memnet.training.recipe import Optimizer

SMALL_RESNET = {"resnet_blocks": [1, 1, 2, 1], "resnet_width": 4, "resnet_classes": 10}
SMALL = {
    "memnet": {"width": 0.0625},
    "memnet-rebuilt": {"width": 0.0625, "sigmoid": True},
    "resmem": {"width": 0.0625, "hidden": [16, 12], **SMALL_RESNET},
    "resmem-retrain": {"width": 0.0625, "hidden": [16, 12], **SMALL_RESNET},
}


@pytest.mark.parametrize("name", SMALL)
def test_every_network_maps_pictures_to_scores_and_is_fed_by_a_rule(name: str) -> None:
    model = build(name, SMALL[name]).eval()
    assert model(torch.rand(2, 3, 227, 227)).shape == (2, 1)
    rule = vars(model)["preprocess"]
    assert type(rule) is (Preprocess if name == "memnet" else ResMemPreprocess)


def test_memnet_is_the_ported_one() -> None:
    with torch.device("meta"):
        model = build("memnet", {})
    assert type(model) is memnet.MemNet
    assert vars(model)["preprocess"].mean.reshape(-1) == pytest.approx([104.92, 114.78, 118.36])


def test_narrow_memnet_at_full_width_is_memnet_bitwise() -> None:
    torch.manual_seed(2)
    ported = memnet.MemNet().eval()
    narrow = NarrowMemNet(width=1).eval()
    narrow.load_state_dict(ported.state_dict())
    data = 100 * torch.randn(2, 3, 227, 227)
    with torch.inference_mode():
        assert torch.equal(narrow(data), ported(data))


def test_rebuilt_memnet_has_the_convolutions_of_the_authors_resmem(shared: Path) -> None:
    """His released ResMem has the same AlexNet: 48 channels leave conv1, and conv2 to conv5 have two groups."""
    listed = (shared / "memorability/resmem/state_dict.txt").read_text().splitlines()
    published = dict(line.split("\t")[:2] for line in listed)
    with torch.device("meta"):
        model = build("memnet-rebuilt", {})
    shapes = {name: str(tuple(each.shape)) for name, each in model.named_parameters()}
    convolutions = [name for name in shapes if name.startswith("conv")]
    assert len(convolutions) == 10
    assert {name: shapes[name] for name in convolutions} == {
        name: published[name] for name in convolutions
    }
    assert shapes["fc6.weight"] == "(4096, 9216)"
    assert shapes["fc8_euclidean.weight"] == "(1, 4096)"


def test_resmem_without_options_is_the_released_graph(shared: Path) -> None:
    listed = (shared / "memorability/resmem/state_dict.txt").read_text().splitlines()
    with torch.device("meta"):
        model = build("resmem", {})
    ours = [f"{key}\t{tuple(each.shape)}\t{each.dtype}" for key, each in model.state_dict().items()]
    assert sorted(ours) == sorted(listed)


def test_frozen_resnet_has_no_gradient_and_keeps_its_statistics() -> None:
    torch.manual_seed(0)
    model = build("resmem", SMALL["resmem"]).train()
    before = {name: each.clone() for name, each in model.features.state_dict().items()}
    optimizer = make_optimizer(model, Optimizer(name="adamw", lr=0.1, weight_decay=0.1))
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.rand(3, 3, 227, 227)).mean().backward()
        optimizer.step()
    after = model.features.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(each.grad is None for each in model.features.parameters())
    assert not model.features.training
    assert model.drop.training
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    assert held == {id(each) for each in model.parameters() if each.requires_grad}
    assert model.conv1.weight.grad is not None


def test_retrained_resnet_learns() -> None:
    model = build("resmem-retrain", SMALL["resmem-retrain"]).train()
    model(torch.rand(3, 3, 227, 227)).mean().backward()
    assert all(each.grad is not None for each in model.parameters())
    assert float(model.features.bn1.running_mean.abs().sum()) > 0


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("memnet", {"wdth": 1}, "'memnet' has no option 'wdth'; it has width, dropout, mean"),
        ("memnet", {"width": "wide"}, "option 'width' is 'wide'; it must be a number"),
        ("memnet", {"width": -1}, r"width is -1\.0; it is a factor of the channels"),
        ("memnet-rebuilt", {"sigmoid": 1}, "option 'sigmoid' is 1; it must be true or false"),
        ("resmem", {"hidden": [8, 0]}, "'hidden' is .8, 0.; it must be a list of whole numbers"),
        ("resmem", {"resnet_blocks": [1, 2]}, "a ResNet has four stages"),
        ("resmem", {"resnet_width": 0}, "resnet_width is 0; it must be at least 1"),
        ("triplemem", {"dropout": 2}, r"dropout is 2\.0; it is the share that is dropped"),
        ("triplemem", {"branch": "large"}, "branch is 'large'; it may be small or author-budget"),
        ("triplemem", {"maps": "soft"}, "maps is 'soft'; it may be one-hot or softmax"),
        (
            "triplemem",
            {"segmenter": "fcn"},
            "segmenter is 'fcn'; it may be none, palette, converted:",
        ),
        ("triplemem", {"segmenter": "converted:"}, "segmenter is 'converted:'; it may be none"),
        ("triplemem", {"segmenter_classes": 1}, "segmenter_classes is 1; a map can hold 2 to 255"),
        ("alexnet", {}, "'alexnet' is not known; known: memnet, memnet-rebuilt, resmem"),
    ],
)
def test_other_options_are_refused_by_name(name: str, options: dict, match: str) -> None:
    with pytest.raises(InvalidNetError, match=match):
        check_options(name, options)


def test_names_are_those_of_the_modules() -> None:
    assert tuple(PRESETS) == BRANCHES
    assert frozen.MAPS == MAPS


def test_options_are_normalised_once() -> None:
    assert check_options("resmem", {"hidden": [8, 4], "width": 1}) == {
        "hidden": (8, 4),
        "width": 1.0,
    }
    assert default_options("memnet") == {"width": 1.0, "dropout": 0.5, "mean": ""}
