"""TripleMem: the graph, ResMem without a segmenter, and that training leaves the segmenter as it is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from scipy.stats import spearmanr
from torch import Tensor, nn

import memnet
from converter.errors import CaffeError, FileFormatError, InvalidNetError, WeightsError
from memnet.cli import main
from memnet.data import generate, load_data
from memnet.networks.architectures import build
from memnet.networks.resmem import ResMem
from memnet.networks.resnet import ResNet
from memnet.networks.trained import load_trained, read_record
from memnet.networks.triplemem import PRESETS, TripleMem
from memnet.segmenters import Frozen, Segmenter, palette, plain
from memnet.training import Recipe, load_recipe, train
from memnet.training.recipe_file import overridden, read_recipe

CLASSES = 6
SMALL = {
    "width": 0.1,
    "hidden": (48, 32),
    "resnet_blocks": (1, 1, 1, 1),
    "resnet_width": 4,
    "resnet_classes": 10,
}


class Unruly(nn.Module):
    """A segmenter whose every part would change if training reached it: weights, batch statistics, dropout."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, classes, 5, 4)
        self.norm = nn.BatchNorm2d(classes)
        self.drop = nn.Dropout2d(0.5)

    def forward(self, data: Tensor) -> Tensor:
        return self.drop(self.norm(self.conv(data)))


def unruly(classes: int = CLASSES) -> Segmenter:
    torch.manual_seed(5)
    return plain(Unruly(classes), classes)


def small(segmenter: Segmenter | None, cls: type = TripleMem, seed: int = 0, **more) -> ResMem:
    torch.manual_seed(seed)
    resnet = ResNet((1, 1, 1, 1), 4, 10)
    options = {"width": 0.1, "hidden": (48, 32), "resnet": resnet}
    return cls(segmenter, **options, **more) if cls is TripleMem else cls(**options, **more)


def batch(count: int = 3, seed: int = 1) -> Tensor:
    return torch.rand(count, 3, 227, 227, generator=torch.Generator().manual_seed(seed))


def state(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    torch.manual_seed(seed)
    truth = torch.linspace(0.2, 0.9, 3)[:, None]
    loss = (model(batch(seed=seed)) - truth).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_without_segmenter_it_is_resmem_bit_for_bit() -> None:
    ours, resmem = small(None), small(None, ResMem)
    assert same(state(ours), state(resmem))
    for mode in (False, True):
        found = []
        for model in (ours.train(mode), resmem.train(mode)):
            torch.manual_seed(9)
            found.append(model(batch()))
        assert torch.equal(*found)
    optimizers = [
        torch.optim.SGD(each.parameters(), lr=0.1, momentum=0.9) for each in (ours, resmem)
    ]
    for seed in range(2):
        for model, optimizer in zip((ours, resmem), optimizers, strict=True):
            step(model, optimizer, seed)
    assert same(state(ours), state(resmem))


def test_without_segmenter_it_has_the_released_keys(shared: Path) -> None:
    with torch.device("meta"):
        ours = build("triplemem", {"segmenter": "none", "retrain": True}).state_dict()
    listed = (shared / "memorability/resmem/state_dict.txt").read_text().splitlines()
    assert sorted(
        f"{key}\t{tuple(each.shape)}\t{each.dtype}" for key, each in ours.items()
    ) == sorted(listed)


@pytest.mark.parametrize(("branch", "features"), [("small", 2304), ("author-budget", 82944)])
def test_branch_has_its_features(branch: str, features: int) -> None:
    with torch.device("meta"):
        model = TripleMem(palette(), branch=branch)
        assert model.segmentation(torch.empty(2, 13, 227, 227)).shape == (2, features)
    assert model.fc6.in_features == 9216 + 1000 + features


def test_branches_are_joined_in_the_published_order() -> None:
    """AlexNet's, ResNet's, the map's; the first is narrowed to 26 channels of 6 x 6."""
    model = small(palette()).eval()
    alexnet, resnet, mapped = model.branches(batch())
    assert [each.shape[1] for each in (alexnet, resnet, mapped)] == [26 * 36, 10, 2304]
    assert torch.equal(resnet, model.features(batch()))
    assert torch.equal(mapped, model.segmentation(model.segmenter.planes(batch())))


def test_author_budget_has_about_500_million_parameters() -> None:
    """Published: "~500M". The segmenter, "ResNet based", counts; torchvision's FCN-ResNet-50 has 33 million."""
    with torch.device("meta"):
        model = TripleMem(palette(), branch="author-budget")
    parameters = sum(each.numel() for each in model.parameters())
    assert 450e6 < parameters + 33e6 < 550e6


def test_steps_leave_the_segmenter_as_it_is() -> None:
    model = small(unruly())
    before, others = state(model.segmenter.module), state(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    model.requires_grad_(True).train()
    for seed in range(3):
        step(model, optimizer, seed)
    assert same(state(model.segmenter.module), before)
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    for parameter in model.segmenter.module.parameters():
        assert parameter.grad is None and not parameter.requires_grad
        assert id(parameter) not in held
    assert not any(module.training for module in model.segmenter.module.modules())
    changed = {
        key for key, value in model.state_dict().items() if not torch.equal(value, others[key])
    }
    assert {"segmentation.conv1.weight", "segmentation.conv2.bias", "fc6.weight"} <= changed


def test_train_mode_gives_the_same_map_twice() -> None:
    model = small(unruly()).train()
    assert torch.equal(model.segmenter.planes(batch()), model.segmenter.planes(batch()))


def test_same_seed_gives_the_same_training() -> None:
    states = []
    for _ in range(2):
        model = small(unruly())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for seed in range(2):
            step(model, optimizer, seed)
        states.append(state(model))
    assert same(*states)


def ablations() -> dict[str, Callable[[TripleMem, Tensor], Tensor]]:
    def zeroed(model: TripleMem, data: Tensor) -> Tensor:
        found = model.branches(data)
        return model.joined((*found[:-1], torch.zeros_like(found[-1])))

    def other_map(model: TripleMem, data: Tensor) -> Tensor:
        return model(data, model.segmenter.labels(data).flip(0))

    return {"zeroed": zeroed, "another picture's map": other_map}


@pytest.mark.parametrize("how", ablations())
def test_ablating_the_branch_changes_scores(how: str) -> None:
    model = small(palette()).eval()
    data = torch.cat([batch(2), batch(2, seed=2) * 0.3])
    changed = ablations()[how](model, data)
    assert not torch.equal(changed, model(data))
    assert (changed - model(data)).abs().min() > 1e-6


def test_known_maps_give_the_same_scores_bit_for_bit() -> None:
    model = small(palette()).eval()
    maps = model.segmenter.labels(batch())
    assert torch.equal(model(batch(), maps), model(batch()))
    maps[1] = 255
    assert torch.equal(model(batch(), maps), model(batch()))


def test_state_dict_goes_round_without_the_segmenter() -> None:
    model = small(unruly(), seed=1).eval()
    saved = model.state_dict()
    assert not [key for key in saved if "norm.running_mean" in key or key.startswith("segmenter.")]
    other = small(unruly(), seed=2).eval()
    assert not torch.equal(other(batch()), model(batch()))
    assert other.load_state_dict(saved).missing_keys == []
    assert torch.equal(other(batch()), model(batch()))
    assert torch.equal(copy.deepcopy(model)(batch()), model(batch()))


def test_weights_beside_another_segmenter_are_refused() -> None:
    other = unruly()
    with torch.no_grad():
        other.net.norm.running_var[0] += 1
    with pytest.raises(
        WeightsError, match=r"trained with another segmenter: its SHA-256 is [0-9a-f]{64}, this"
    ):
        small(other).load_state_dict(small(unruly()).state_dict())
    with pytest.raises(RuntimeError, match=r"size mismatch for segmentation\.conv1\.weight"):
        small(unruly(7)).load_state_dict(
            {k: v for k, v in small(unruly()).state_dict().items() if "sha256" not in k},
            strict=False,
        )


def test_wrong_number_of_classes_is_told() -> None:
    segmenter = unruly()
    segmenter.num_classes = CLASSES + 1
    with pytest.raises(InvalidNetError, match=r"says 7 classes and gives \(3, 6, 56, 56\)"):
        small(segmenter)(batch())


def test_segmenter_moves_along() -> None:
    model = small(unruly()).double()
    assert {each.dtype for each in model.segmenter.module.parameters()} == {torch.float64}
    assert small(unruly()).to("meta").segmenter.module.net.norm.running_mean.is_meta


def test_unknown_branch_is_refused() -> None:
    with pytest.raises(
        InvalidNetError, match=f"branch is 'large'; it may be {' or '.join(PRESETS)}"
    ):
        TripleMem(palette(), branch="large")


def test_built_from_options_it_freezes_the_resnet_unless_told() -> None:
    options = {"segmenter": "palette", **SMALL}
    frozen = build("triplemem", options)
    assert not any(each.requires_grad for each in frozen.features.parameters())
    retrained = build("triplemem", options | {"retrain": True})
    assert all(each.requires_grad for each in retrained.features.parameters())
    assert frozen.segmenter.num_classes == 13
    assert frozen.preprocess.crops.__self__ is frozen.preprocess
    with pytest.raises(InvalidNetError, match="maps is 'soft'"):
        build("triplemem", options | {"maps": "soft"})


def recipe(maps: Path | str = "", **options: object) -> Recipe:
    return read_recipe(
        {
            "model": {"architecture": "triplemem", "options": SMALL | {"retrain": True} | options},
            "start": {"initialization": "he", "output": "mean"},
            "data": {"cache": "memory", "mirror": True, "maps": str(maps)},
            "optimizer": {"name": "adam", "lr": 1e-3},
            "training": {"epochs": 2, "batch_size": 10},
        }
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    return generate(tmp_path_factory.mktemp("few") / "lamem", count=36, seed=4).spec


def weights(run: Path) -> dict[str, Tensor]:
    return load_file(run / "model/model.safetensors")


def test_training_run_leaves_the_segmenter_as_it_is(
    few: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = unruly()
    monkeypatch.setattr(
        "memnet.segmenters.named.find_segmenter", lambda *_args, **_options: segmenter
    )
    before = state(segmenter)
    train(recipe(), [few], tmp_path / "run", quiet=True)
    assert same(state(segmenter), before)
    assert all(each.grad is None for each in segmenter.parameters())
    found = weights(tmp_path / "run")
    digest = Frozen(segmenter).fingerprint()
    assert bytes(found["segmenter_sha256"].tolist()).hex() == digest
    assert read_record(tmp_path / "run/model")["segmenter_sha256"] == digest
    assert not [key for key in found if key.startswith(("segmenter.", "net."))]


def test_run_with_the_cache_ends_with_the_same_weights(few: str, tmp_path: Path) -> None:
    """First with an empty cache, then with a full one: bit for bit the run that segments in every step."""
    maps = tmp_path / "maps"
    for name, folder in (("without", ""), ("filling", maps), ("cached", maps)):
        train(recipe(folder, segmenter="palette"), [few], tmp_path / name, quiet=True)
    plain_run = weights(tmp_path / "without")
    assert same(weights(tmp_path / "filling"), plain_run)
    assert same(weights(tmp_path / "cached"), plain_run)
    images = 24 + 5
    assert images < len(list(maps.rglob("*.map"))) <= 2 * images  # some were seen mirrored


def test_run_without_segmenter_ends_with_resmems_weights(few: str, tmp_path: Path) -> None:
    """From the command line: `--seg none` against the recipe of the released ResMem, bit for bit."""
    options = [
        f"model.options.{key}={list(v) if isinstance(v, tuple) else v}" for key, v in SMALL.items()
    ]
    common = [
        "data.validation=split",
        "training.batch_size=8",
        "training.epochs=1",
        "optimizer.lr=0.1",
    ]
    for name, more in (
        ("triplemem", ["--seg", "none", "--set", "model.options.retrain=true"]),
        ("resmem-retrain", ["--set", 'start.weights=""', "training.freeze_batch_norm=false"]),
    ):
        asked = ["train", name, "--data", few, "--out", str(tmp_path / name), "--quiet", *more]
        assert main([*asked, "--set", *options, *common]) == 0
    assert same(weights(tmp_path / "triplemem"), weights(tmp_path / "resmem-retrain"))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"data.crop": "random"}, "a picture has 900 random crops"),
        ({"model.options.segmenter": "none"}, "'triplemem' has no segmenter; leave it empty"),
        ({"model.options.maps": "softmax"}, "maps are 'softmax': take 'one-hot', or no cache"),
    ],
)
def test_cache_that_cannot_help_is_refused(
    few: str, tmp_path: Path, changes: dict[str, str], match: str
) -> None:
    asked = overridden(
        recipe(tmp_path / "maps", segmenter="palette"), [f"{k}={v}" for k, v in changes.items()]
    )
    with pytest.raises(CaffeError, match=match):
        train(asked, [few], tmp_path / "run", quiet=True)


def test_shipped_recipe_asks_for_a_segmenter(few: str, tmp_path: Path) -> None:
    shipped = load_recipe("triplemem", ["data.validation=split", "training.batch_size=4"])
    with pytest.raises(FileFormatError, match="no segmenter is named, and none is shipped"):
        train(shipped, [few], tmp_path / "run", quiet=True)


@pytest.mark.slow
def test_it_learns_what_can_be_seen(tmp_path: Path) -> None:
    """On generated pictures that were in no part of the training; nobody can reach more than about 0.9 there."""
    data = generate(tmp_path / "lamem", count=600, seed=11)
    folder = train(
        recipe(tmp_path / "maps", segmenter="palette"), [data.spec], tmp_path / "run", quiet=True
    )
    test = load_data(data.spec, "test_1")
    scores = memnet.predict(load_trained(folder), test.paths)
    rho = spearmanr(scores, test.scores).statistic
    assert len(test) == 120 and rho > 0.7, rho
