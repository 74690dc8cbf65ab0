"""Checkpoints: a killed run ends with the weights of an unbroken one, and the last outlives what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from tiny_training import SMALL_RESMEM, last_weights, losses, tiny, validations, weights

from converter.errors import OutputError
from memnet.data import Generated, generate
from memnet.training import resume, train
from memnet.training.checkpoints import read_checkpoint
from memnet.training.errors import TrainingError

COMMAND = (sys.executable, "-m", "memnet.cli", "train")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("data") / "lamem", "lamem", 60)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the subprocesses have: sums are in another order with another number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def arguments(data: Generated, out: Path, overrides: Sequence[str]) -> list[str]:
    recipe = [
        "model.options.width=0.0625",
        "training.epochs=3",
        "training.batch_size=2",
        "training.log_every=1",
    ]
    recipe += ["schedule.warmup=5", "training.checkpoint_every=4"]
    return [
        "modern",
        "--data",
        data.spec,
        "--out",
        str(out),
        "--quiet",
        "--set",
        *recipe,
        *overrides,
    ]


KILLED = """
import os, signal, sys
from memnet.cli import main
from memnet.training.metrics import Metrics
at, add_step = int(sys.argv.pop(1)), Metrics.add_step
def adding(self, epoch, step, *figures):
    add_step(self, epoch, step, *figures)
    if step == at:
        os.kill(os.getpid(), signal.SIGKILL)
Metrics.add_step = adding
main()
"""


def kill_at(step: int, *options: str) -> None:
    """Run a command that is killed as soon as it has logged a step."""
    command = [sys.executable, "-c", KILLED, str(step), "train", *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


# Random crops, mirroring, dropout, warm-up and cosine, AdamW: all that a resumed run could get wrong.
@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param([], id="memnet", marks=pytest.mark.slow),
        pytest.param([*SMALL_RESMEM, "training.accumulate=2"], id="resmem"),
    ],
)
def test_killed_and_resumed_run_ends_with_the_same_weights(
    data: Generated, tmp_path: Path, overrides: list[str]
) -> None:
    """The killed one has two workers and is killed within its second epoch; the unbroken one has none."""
    steps = 10 if "training.accumulate=2" in overrides else 20
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    kill_at(steps + 6, *arguments(data, broken, [*overrides, "data.workers=2"]))
    last = read_checkpoint(broken / "checkpoints/last.ckpt")
    epoch, batches = last["memnet"]["position"]
    assert (epoch, batches > 0) == (1, True)
    from memnet.cli import main

    assert main(["train", "--resume", str(broken), "--quiet"]) == 0
    assert main(["train", *arguments(data, whole, overrides)]) == 0
    for found in (weights, last_weights):
        one, other = found(whole), found(broken)
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert np.array_equal(losses(whole), losses(broken))
    for one, other in zip(validations(whole), validations(broken), strict=True):
        assert {**one, "seconds": ""} == {**other, "seconds": ""}


def test_runs_with_other_seeds_differ(data: Generated, tmp_path: Path) -> None:
    one, same, other = (
        losses(
            train(
                tiny(f"training.seed={seed}", "training.epochs=1"),
                [data.spec],
                tmp_path / name,
                quiet=True,
            )
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.fixture
def begun(data: Generated, tmp_path: Path) -> Path:
    """A run of two epochs of ten steps whose schedule lets it go on."""
    return train(tiny(), [data.spec], tmp_path / "run", quiet=True)


def changed(run: Path, *overrides: str) -> Path:
    from memnet.training.recipe_file import overridden
    from memnet.training.run import read_run

    return resume(run, overridden(read_run(run), overrides), quiet=True)


def test_longer_run_is_the_one_that_was_longer_from_the_start(
    begun: Path, data: Generated, tmp_path: Path
) -> None:
    whole = train(tiny("training.epochs=3"), [data.spec], tmp_path / "whole", quiet=True)
    changed(begun, "training.epochs=3", "data.workers=1")
    assert np.array_equal(losses(begun), losses(whole))
    assert all(
        torch.equal(each, last_weights(whole)[name]) for name, each in last_weights(begun).items()
    )
    assert "epochs = 3" in (begun / "recipe.toml").read_text()


@pytest.mark.parametrize(
    ("overrides", "match"),
    [
        (["optimizer.lr=0.5", "data.crop=center"],
         r"(?s)another recipe: .*data\.crop is 'center', in the run 'random'.*optimizer\.lr is 0\.5"),
        (["model.architecture=memnet-rebuilt"], r"model\.architecture is 'memnet-rebuilt', in the run"),
        (["schedule.name=cosine", "training.epochs=4"], r"schedule\.name is 'cosine'"),
    ],
)  # fmt: skip
def test_other_recipe_is_refused_by_name(begun: Path, overrides: list[str], match: str) -> None:
    before = (begun / "checkpoints/last.ckpt").read_bytes()
    with pytest.raises(TrainingError, match=match):
        changed(begun, *overrides)
    assert (begun / "checkpoints/last.ckpt").read_bytes() == before


def test_other_data_are_refused_and_moved_ones_are_not(
    begun: Path, data: Generated, tmp_path: Path
) -> None:
    other = generate(tmp_path / "other", "lamem", 60, seed=1)
    same = generate(tmp_path / "same", "lamem", 60)
    own = (begun / "recipe.toml").read_bytes()
    with pytest.raises(
        TrainingError, match=r"was trained on other images or scores \(40 for training"
    ):
        changed(begun, f"data.sources=['{other.spec}']")
    assert (begun / "recipe.toml").read_bytes() == own  # else the run could not be resumed any more
    changed(begun, f"data.sources=['{same.spec}']", "training.epochs=3")
    assert len(validations(begun)) == 3


def test_other_number_of_devices_is_refused(begun: Path) -> None:
    with pytest.raises(TrainingError, match="a step took 4 images over all devices, here 8"):
        changed(begun, "devices.devices=2", "training.epochs=3")


def test_checkpoint_of_another_architecture_is_refused(
    begun: Path, data: Generated, tmp_path: Path
) -> None:
    recipe = (begun / "recipe.toml").read_text()
    other = train(
        tiny("model.options.width=0.03", "training.epochs=1"),
        [data.spec],
        tmp_path / "b",
        quiet=True,
    )
    found = read_checkpoint(other / "checkpoints/last.ckpt")
    found["memnet"]["recipe"] = recipe
    torch.save(found, begun / "checkpoints/last.ckpt")
    with pytest.raises(
        TrainingError, match=r"(?s)does not hold memnet's weights:.*wrong shape: conv1"
    ):
        changed(begun, "training.epochs=3")


HOLD = """
import sys
from pathlib import Path
from memnet.training.run import _alone
with _alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_run_that_another_process_trains_is_left_alone(begun: Path) -> None:
    """Two processes wrote one last.ckpt.part, and metrics.csv by turns."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(begun)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(OutputError, match="run: another run is writing to it"):
        resume(begun, quiet=True)
    other.kill()  # what it leaves holds nobody up
    other.communicate()
    assert resume(begun, quiet=True) == begun
    assert not (begun / ".lock").exists()


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_other_files_are_no_checkpoints_and_run_nothing(begun: Path, tmp_path: Path) -> None:
    last = begun / "checkpoints/last.ckpt"
    content = last.read_bytes()
    torch.save({"memnet": Bomb(tmp_path / "ran")}, tmp_path / "bomb")
    torch.save({"state_dict": {}}, tmp_path / "other")
    for wrong in ((tmp_path / "bomb").read_bytes(), b"none", content[: len(content) // 2]):
        last.write_bytes(wrong)
        with pytest.raises(
            TrainingError, match=r"last\.ckpt: is no checkpoint of tensors and plain"
        ) as caught:
            resume(begun, quiet=True)
        assert "weights_only" not in str(caught.value)  # torch's advice is to unpickle all the same
    assert not (tmp_path / "ran").exists()
    last.write_bytes((tmp_path / "other").read_bytes())
    with pytest.raises(TrainingError, match="no checkpoint that `memnet train` wrote"):
        resume(begun, quiet=True)


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a device that is always full is Linux's"
)
def test_full_disk_keeps_the_last_checkpoint(
    begun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint is written beside its place first, here onto a device that is full."""
    from memnet.cli import main

    last = begun / "checkpoints/last.ckpt"
    before = last.read_bytes()
    last.with_name("last.ckpt.part").symlink_to("/dev/full")
    assert main(["train", "--resume", str(begun), "--quiet", "--set", "training.epochs=3"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "last.ckpt: No space left on device" in said
    assert f"when that is mended, go on with --resume {begun}" in said
    assert "last.ckpt of step 20, best.ckpt of epoch" in said
    assert last.read_bytes() == before
    assert not last.with_name("last.ckpt.part").exists()
    assert main(["train", "--resume", str(begun), "--quiet"]) == 0
    assert len(validations(begun)) == 3


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a device that is always full is Linux's"
)
def test_disk_that_fills_between_the_two_checkpoints_keeps_the_first(
    data: Generated, tmp_path: Path
) -> None:
    """The error named last.ckpt, which was whole, and said that best.ckpt was kept, which there was not yet."""
    out, recipe = tmp_path / "a", tiny()
    full = lambda _: (out / "checkpoints/best.ckpt.part").symlink_to("/dev/full")  # noqa: E731
    with pytest.raises(TrainingError, match=r"best\.ckpt: No space left.*last\.ckpt of step 10$"):
        train(recipe, [data.spec], out, watch=full, quiet=True)
    assert resume(out, quiet=True) == out
    train(recipe, [data.spec], tmp_path / "b", quiet=True)
    assert all(map(torch.equal, weights(out).values(), weights(tmp_path / "b").values()))


def test_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    data: Generated, tmp_path: Path
) -> None:
    """After two good epochs the rate jumps; neither broken weights nor a NaN are kept."""
    recipe = tiny("training.checkpoint_every=1", "training.clip=0")
    out = train(recipe, [data.spec], tmp_path / "a", quiet=True)
    last = out / "checkpoints/last.ckpt"
    found = read_checkpoint(last)
    found["optimizer_states"][0]["param_groups"][0]["initial_lr"] = 1e30
    found["lr_schedulers"][0]["base_lrs"] = [1e30]
    torch.save(found, last)
    with pytest.raises(
        TrainingError,
        match=r"(no longer finite|the loss is).*kept: .*last\.ckpt of step \d+, best\.ckpt of epoch [12]",
    ):
        changed(out, "training.epochs=4")
    kept = last_weights(out)
    assert all(bool(torch.isfinite(each).all()) for each in kept.values())
    again = train(
        tiny(f"start.weights={out / 'checkpoints/best.ckpt'}", "training.epochs=1"),
        [data.spec],
        tmp_path / "b",
        quiet=True,
    )
    assert len(validations(again)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_leaves_the_checkpoint_and_says_how_to_go_on(
    data: Generated, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(
        [*COMMAND, *arguments(data, out, ["training.epochs=50"])],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while process.poll() is None and not (out / "checkpoints/last.ckpt").is_file():
        time.sleep(0.01)
    process.send_signal(sent)
    _, said = process.communicate(timeout=600)
    assert process.returncode == code
    assert said.splitlines() == [f"memnet: interrupted; go on with: memnet train --resume {out}"]
    assert read_checkpoint(out / "checkpoints/last.ckpt")["global_step"] % 4 == 0
