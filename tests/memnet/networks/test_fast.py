"""The faster twin of a model: its scores, its limits, and what happens where it is wrong."""

from __future__ import annotations

import copy
import warnings
import weakref
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
import torch
from golden import assert_close
from natural_images import natural_images
from PIL import Image
from torch import nn

import memnet
from converter import tolerance
from memnet.network import Network
from memnet.networks import fast
from memnet.networks.fast_layers import BandedNorm, OneDNNLinear
from memnet.runs.stream import score_groups

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch was built without oneDNN"
)
pytestmark = needs_onednn


def small_net(seed: int = 3) -> nn.Module:
    """A net with each kind of layer that a twin replaces; (N, 3, 9, 7) -> (N, 1)."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.LocalResponseNorm(5, alpha=1.0, beta=0.75, k=1.0),
        nn.Flatten(),
        nn.Linear(32 * 9 * 7, 1024),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(1024, 1),
    ).eval()


def sample(count: int = 5) -> torch.Tensor:
    return torch.randn(count, 3, 9, 7, generator=torch.Generator().manual_seed(11))


def lrn_by_the_formula(x: np.ndarray, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """lrn_layer.cpp in float64, channel by channel."""
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        near = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1].astype(np.float64)
        out[:, c] = x[:, c] / (k + alpha / size * (near**2).sum(1)) ** beta
    return out


def test_twin_of_memnet_gives_caffes_40_scores(full_model: memnet.MemNet) -> None:
    twin = fast.best(full_model)
    assert isinstance(twin, fast.Twin)
    scores = [
        twin(torch.from_numpy(rule.ten_crops(image)))[:, 0].numpy() for image in rule.images()
    ]
    recorded = np.load(rule.RECORDED)["out/fc8-euclidean"]
    assert_close("40 scores", np.stack(scores), recorded, tolerance.CAFFE)


def test_twin_is_within_its_limit_on_other_pictures(full_model: memnet.MemNet) -> None:
    images = natural_images(12, size=120)
    plain, quick = (memnet.predict(full_model, images, fast=each) for each in (False, True))
    limit = max(16 * np.spacing(np.abs(plain).max()), 1e-3 * plain.std())
    assert 0 < np.abs(plain - quick).max() <= limit


def test_twin_leaves_the_model_as_it_was(full_model: memnet.MemNet) -> None:
    before = {key: (each.data_ptr(), each.stride()) for key, each in full_model.named_parameters()}
    fast.best(full_model)
    assert before == {
        key: (each.data_ptr(), each.stride()) for key, each in full_model.named_parameters()
    }
    assert all(each.requires_grad for each in full_model.parameters())
    assert isinstance(full_model.norm1, nn.LocalResponseNorm)


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize(("size", "channels"), [(5, 11), (3, 7), (4, 9), (5, 2)])
def test_banded_norm_is_the_formula(size: int, channels: int, beta: float) -> None:
    x = np.random.default_rng(size).normal(0, 40, (2, channels, 5, 3)).astype(np.float32)
    norm = BandedNorm(nn.LocalResponseNorm(size, alpha=0.02, beta=beta, k=2.0))
    expected = lrn_by_the_formula(x, size, 0.02, beta, 2.0)
    assert_close("norm", norm(torch.from_numpy(x)).numpy(), expected, tolerance.CAFFE)


@pytest.mark.parametrize("bias", [True, False])
def test_onednn_linear_is_the_product(bias: bool) -> None:
    linear = nn.Linear(37, 19, bias=bias)
    x = sample(3).flatten(1)[:, :37]
    expected = x.double().numpy() @ linear.weight.detach().double().numpy().T
    expected += linear.bias.detach().double().numpy() if bias else 0
    assert_close("product", OneDNNLinear(linear)(x).numpy(), expected, tolerance.CAFFE)


def test_every_kind_of_layer_is_replaced_in_the_twin_alone() -> None:
    model = small_net()
    kinds = [type(each) for each in fast.best(model, sample()).model]
    assert kinds[2] is BandedNorm
    assert kinds[4] is OneDNNLinear
    assert kinds[7] is nn.Linear  # too small to pay
    assert BandedNorm not in [type(each) for each in model]


def test_twin_is_built_once_and_again_after_a_change() -> None:
    model = small_net()
    twin = fast.best(model, sample())
    assert fast.best(model) is twin
    with torch.no_grad():
        model[0].weight.mul_(1.5)
    again = fast.best(model, sample())
    assert again is not twin
    assert_close("scores", again(sample()).numpy(), model(sample()).detach().numpy(), 1e-5)


def test_wrong_twin_is_not_used_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    right = BandedNorm.forward
    monkeypatch.setattr(BandedNorm, "forward", lambda self, x: right(self, x) * 1.01)
    model = small_net()
    with pytest.warns(
        fast.PlainPathWarning, match=r"not used .*its scores differ by up to .* is allowed"
    ):
        assert fast.best(model, sample()) is model
    with warnings.catch_warnings(action="error"):
        assert fast.best(model, sample()) is model  # said once


def test_failing_twin_is_not_used_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: BandedNorm, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("could not create a primitive\nat some place")

    monkeypatch.setattr(BandedNorm, "forward", fail)
    model = small_net()
    with pytest.warns(fast.PlainPathWarning, match=r"it fails \(could not create a primitive\)$"):
        assert fast.best(model, sample()) is model


def test_not_a_number_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BandedNorm, "forward", lambda self, x: x * float("nan"))
    model = small_net()
    with pytest.warns(fast.PlainPathWarning, match="nan"):
        assert fast.best(model, sample()) is model


def test_difference_is_judged_by_steps_and_by_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_net()
    plain = model(sample()).detach()
    largest, spread = plain.abs().max().item(), plain.std(correction=0).item()
    for share, accepted in ((0.5e-3, True), (2e-3, False)):
        added = share * spread
        assert added > 16 * np.spacing(np.float32(largest))
        monkeypatch.setattr(
            fast.Twin, "forward", lambda self, x, added=added: model(x).detach() + added
        )
        with torch.no_grad():
            problem, _ = fast._compared(model, sample())
        assert (problem == "") is accepted


def test_other_types_have_no_twin() -> None:
    model = small_net().double()
    assert fast.best(model) is model


def test_mode_and_dropout_do_not_matter() -> None:
    model = small_net()
    expected = model(sample()).detach().numpy()
    twin = fast.best(model.train(), sample())
    assert model.training
    assert isinstance(twin, fast.Twin)
    assert_close("scores", twin(sample()).numpy(), expected, tolerance.CAFFE)


def test_model_with_a_twin_can_be_copied_and_is_freed() -> None:
    model = small_net()
    twin = weakref.ref(fast.best(model, sample()))
    assert not any(isinstance(each, OneDNNLinear) for each in copy.deepcopy(model).modules())
    assert twin() is fast.best(model)
    del model
    assert twin() is None


def test_batches_side_by_side_give_the_same_rows(full_model: memnet.MemNet, tmp_path: Path) -> None:
    paths = [tmp_path / f"{index}.png" for index in range(7)]
    for path, image in zip(paths, natural_images(7, size=60), strict=True):
        Image.fromarray(image).save(path)
    paths[3].write_text("no picture")
    network = Network(model=full_model, rule=vars(full_model)["preprocess"], fast=True)
    groups = [[(str(path), path) for path in paths[at : at + 2]] for at in (0, 2, 4, 6)] + [[]]
    threads = torch.get_num_threads()
    one, three = (list(score_groups(network, groups, workers=count)) for count in (0, 3))
    assert torch.get_num_threads() == threads
    assert [[row.id for row in rows] for rows in one] == [
        [row.id for row in rows] for rows in three
    ]
    flat, wide = ([row for rows in each for row in rows] for each in (one, three))
    assert [row.error for row in flat] == [row.error for row in wide]
    assert "is not an image" in flat[3].error
    for ours, theirs in zip(flat, wide, strict=True):
        if ours.error is None:
            assert abs(ours.score - theirs.score) <= 16 * np.spacing(ours.score)


def test_features_are_caught_in_one_thread(full_model: memnet.MemNet) -> None:
    rule_ = vars(full_model)["preprocess"]
    assert Network(model=full_model, rule=rule_).takes_threads
    assert not Network(model=full_model, rule=rule_, features="fc7").takes_threads
