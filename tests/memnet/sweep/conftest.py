"""A small recipe, a space around it and generated images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from memnet.data import generate
from memnet.sweep import Sweep, begin, load_space

RECIPE = """
name = "small"
[model]
architecture = "resmem-retrain"
[model.options]
width = 0.1
hidden = [32, 16]
resnet_blocks = [1, 1, 1, 1]
resnet_width = 4
resnet_classes = 10
[start]
initialization = "he"
output = "mean"
[data]
cache = "memory"
[optimizer]
name = "adam"
[training]
epochs = 2
batch_size = 8
log_every = 1
"""
SPACE = """
recipe = "{recipe}"
[sweep]
"optimizer.lr" = {{ low = 1e-4, high = 1e-2, log = true }}
"training.batch_size" = {{ choices = [4, 8] }}
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return generate(tmp_path_factory.mktemp("images") / "lamem", count=40, seed=2).spec


@pytest.fixture
def space(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(RECIPE)
    path = tmp_path / "space.toml"
    path.write_text(SPACE.format(recipe=tmp_path / "small.toml"))
    return path


@pytest.fixture
def start(space: Path, data: str, tmp_path: Path) -> Callable[..., Sweep]:
    def start(*overrides: str, **options: object) -> Sweep:
        return begin(load_space(space), [data], tmp_path / "sweep", overrides=overrides, **options)

    return start
