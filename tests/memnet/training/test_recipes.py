"""Recipes: the shipped files, what is refused, overrides, and the way to TOML and back."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn

from converter.errors import CaffeError, FileFormatError, InvalidNetError
from memnet.cli import main
from memnet.training import Recipe, load_recipe
from memnet.training.optimization import factor, make_optimizer, make_schedule
from memnet.training.recipe import Optimizer, Schedule
from memnet.training.recipe_file import (
    differences,
    overridden,
    read_recipe,
    recipe_names,
    to_toml,
)

NAMES = ("memnet-caffe", "memnet-rebuilt", "modern", "resmem", "resmem-retrain", "triplemem")


def test_shipped_recipes_are_these() -> None:
    assert recipe_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_shipped_recipe_names_its_source_and_survives_toml(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert "ours" in recipe.source.lower()
    assert read_recipe(tomllib.loads(to_toml(recipe))) == recipe


@pytest.mark.parametrize("name", ["resmem", "resmem-retrain"])
def test_resmems_published_numbers(name: str) -> None:
    recipe = load_recipe(name)
    assert (recipe.optimizer.name, recipe.optimizer.lr, recipe.optimizer.momentum) == (
        "sgd",
        1e-5,
        0.9,
    )
    assert (recipe.training.loss, recipe.data.validation) == ("mse", "random")
    assert recipe.data.validation_count == 5000


def test_text_with_quotes_and_backslashes_survives_toml() -> None:
    recipe = Recipe(source='a "b" \\ c\nd é')
    assert read_recipe(tomllib.loads(to_toml(recipe))) == recipe


def test_overrides_are_toml_or_text_in_order() -> None:
    given = [
        "optimizer.lr=1e-4",
        "optimizer.lr=2",
        "schedule.name=cosine",
        "data.sources=['csv:a b.csv']",
    ]
    recipe = overridden(Recipe(), given)
    assert (recipe.optimizer.lr, recipe.schedule.name) == (2.0, "cosine")
    assert recipe.data.sources == ("csv:a b.csv",)
    assert differences(Recipe(), recipe).keys() == {"optimizer.lr", "schedule.name", "data.sources"}


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("optimizer.lrr=1", "'optimizer.lrr' is not known; known here: name, lr, momentum"),
        ("optimiser.lr=1", "'optimiser' is not known; known here: name, source, model"),
        ("optimizer.lr=fast", "'optimizer.lr' is 'fast'; it must be a number"),
        ("optimizer.lr=nan", r"'optimizer.lr' is nan; it must be at least 0"),
        ("training.epochs=0", "'training.epochs' is 0; it must be at least 1"),
        ("training.epochs=1.5", r"'training.epochs' is 1.5; it must be a whole number"),
        ("training.epochs=true", "'training.epochs' is True; it must be a whole number"),
        ("data.split=6", "'data.split' is 6; it must be at least 1 and at most 5"),
        ("training.seed=1e20", "'training.seed' is 1e.20; it must be a whole number"),
        (f"training.seed={2**63}", "'training.seed' is 9223372036854775808; it must be at least 0"),
        ("optimizer.betas=[0.9, 1]", "'optimizer.betas' is 1.0; it must be at least 0 and at most"),
        ("schedule.name=cos", "'schedule.name' is 'cos'; it may be 'constant', 'step', 'cosine'"),
        ("data.mirror=1", "'data.mirror' is 1; it must be true or false"),
        ("optimizer=1", r"'optimizer' is 1; it must be a section \[optimizer\]"),
        ("optimizer.lr.x=1", "'lr' is a value, not a section"),
        ("model.options.q=1", "architecture 'memnet' has no option 'q'"),
        ("model.architecture=vgg", "architecture 'vgg' is not known"),
        ("lr", "'lr' is not KEY=VALUE"),
    ],
)
def test_what_is_not_known_is_refused_by_name(override: str, match: str) -> None:
    with pytest.raises(InvalidNetError, match=match):
        overridden(Recipe(), [override])


def test_file_of_ones_own_is_read_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[optimizer]\nlr = 3\nname = "adam"\n')
    assert load_recipe(path).optimizer == Optimizer(name="adam", lr=3.0)
    path.write_text("[optimizer]\nlr = three\n")
    with pytest.raises(FileFormatError, match=r"mine\.toml: is no TOML"):
        load_recipe(path)
    path.write_text("learning_rate = 3\n")
    with pytest.raises(InvalidNetError, match=r"mine\.toml: 'learning_rate' is not known"):
        load_recipe(path)
    with pytest.raises(FileFormatError, match="other: is no recipe file and no shipped recipe"):
        load_recipe("other")


def test_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in NAMES)
    assert "random_split [63741, 5000]" in " ".join(listed.split())
    assert (
        main(["train", "resmem", "--show", "--set", "optimizer.lr=1e-4", "--start", "a.pth"]) == 0
    )
    shown = read_recipe(tomllib.loads(capsys.readouterr().out))
    assert (shown.optimizer.lr, shown.start.weights) == (1e-4, "a.pth")


def rates(schedule: Schedule, steps: int) -> list[float]:
    """The learning rate of each step, by torch's own stepping."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    stepper = make_schedule(optimizer, schedule, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        stepper.step()
    return found


def test_step_schedule_is_caffes() -> None:
    """sgd_solver.cpp: base_lr * pow(gamma, floor(iter / stepsize))."""
    expected = [0.5 * 0.1 ** math.floor(step / 3) for step in range(10)]
    assert rates(Schedule(name="step", step_size=3, gamma=0.1), 10) == pytest.approx(expected)


def test_cosine_is_torchs_after_a_linear_warm_up() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 7, eta_min=0.05)
    expected = []
    for _ in range(7):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    found = rates(Schedule(name="cosine", warmup=4, least=0.1), 11)
    assert found == pytest.approx([0.1, 0.2, 0.3, 0.4, *expected])


def test_linear_schedule_ends_where_it_is_told() -> None:
    at = factor(Schedule(name="linear", least=0.2), 5)
    assert [at(step) for step in (0, 5, 9)] == pytest.approx([1, 0.2, 0.2])


def test_rates_of_another_net_are_refused(shared: Path) -> None:
    wanted = Optimizer(rates=str(shared / "goldens/nets/memnet_thin/net.prototxt"))
    with pytest.raises(CaffeError, match=r"net\.prototxt: is of another net .*lacks: other"):
        make_optimizer(nn.ModuleDict({"other": nn.Linear(2, 3)}), wanted)
