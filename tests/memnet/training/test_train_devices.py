"""Several processes train as one does, started by torchrun or by Lightning; and the loggers beside metrics.csv."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from tiny_training import SMALL_RESMEM, losses, validations

from memnet.data import Generated, generate
from memnet.training import train
from memnet.training.recipe_file import load_recipe

ROUNDING = 1e-5
"""Two halves of a batch are averaged in another order: some float32 steps after each optimizer step."""

OPTIONS = (
    "model.options.width=0.0625", *SMALL_RESMEM, "model.architecture=resmem-retrain",
    "model.options.dropout=0.0", "training.freeze_batch_norm=true", "training.epochs=2",
    "training.log_every=1", "schedule.warmup=3", "devices.accelerator=cpu",
)  # fmt: skip
COMMANDS = {
    "torchrun": [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "--local-addr", "127.0.0.1", "-m", "memnet.cli", "train",
    ],
    "lightning": [str(Path(sys.executable).with_name("memnet")), "train", "--devices", "2"],
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("data") / "lamem", "lamem", 60)


@pytest.fixture(scope="module")
def one(data: Generated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process with batches of eight."""
    recipe = load_recipe("modern", [*OPTIONS, "training.batch_size=8"])
    return train(recipe, [data.spec], tmp_path_factory.mktemp("runs") / "one", quiet=True)


def in_two(data: Generated, folder: Path) -> list[str]:
    """What `memnet train` is given; further settings may follow."""
    return [
        "modern",
        "--data",
        data.spec,
        "--out",
        str(folder / "two"),
        "--quiet",
        "--set",
        *OPTIONS,
    ]


def environment() -> dict[str, str]:
    """Whatever network there is, and whatever name this machine has in it: processes talk through the loopback."""
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    return {key: value for key, value in os.environ.items() if key not in names} | {
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "WANDB__SERVICE_WAIT": "600",
        "WANDB_INIT_TIMEOUT": "600",
    }


@pytest.mark.slow
@pytest.mark.parametrize("launcher", COMMANDS)
def test_two_processes_are_one_with_the_doubled_batch(
    data: Generated, one: Path, tmp_path: Path, launcher: str
) -> None:
    arguments = in_two(data, tmp_path)
    command = [*COMMANDS[launcher], *arguments, "training.batch_size=4"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    two = tmp_path / "two"
    assert losses(two).shape == losses(one).shape == (10,)
    np.testing.assert_allclose(losses(two), losses(one), rtol=ROUNDING)
    for found, expected in zip(validations(two), validations(one), strict=True):
        assert float(found["val_mse"]) == pytest.approx(float(expected["val_mse"]), rel=ROUNDING)
        assert float(found["val_spearman"]) == pytest.approx(
            float(expected["val_spearman"]), abs=0.03
        )
    assert (two / "model/model.safetensors").is_file()


@pytest.mark.slow
def test_error_on_all_processes_ends_them(data: Generated, tmp_path: Path) -> None:
    arguments = in_two(data, tmp_path)
    bad = ["training.batch_size=4", "optimizer.name=sgd", "optimizer.lr=1e30", "training.clip=0"]
    done = subprocess.run(
        [*COMMANDS["torchrun"], *arguments, *bad], cwd=ROOT, env=environment(),
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode != 0
    assert "lower optimizer.lr" in done.stderr


@pytest.mark.slow
def test_tensorboard_and_wandb_offline_are_written_on_request(
    data: Generated, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    pytest.importorskip("wandb")
    command = [sys.executable, "-m", "memnet.cli", "train", "modern", "--data", data.spec, "--out"]
    command += [str(tmp_path / "a"), "--tensorboard", "--wandb", "offline", "--quiet", "--set"]
    command += [
        "model.options.width=0.0625",
        "training.epochs=1",
        "training.batch_size=8",
        "training.log_every=1",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "a/tensorboard"))
    events.Reload()
    shown = [event.value for event in events.Scalars("loss")]
    np.testing.assert_allclose(shown, losses(tmp_path / "a"), rtol=1e-6)
    (row,) = validations(tmp_path / "a")
    assert events.Scalars("val_mse")[0].value == pytest.approx(float(row["val_mse"]))
    assert list((tmp_path / "a/wandb").glob("offline-run-*/run-*.wandb"))
