"""Workers: each trial once, whatever happens to who trains it."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memnet.sweep import Sweep, draw_runs, read_rows, work
from memnet.sweep.study import open_study
from memnet.sweep.table import Curve, to_text, write_table
from memnet.training.metrics import read_metrics

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from memnet.cli import main; sys.exit(main())",
    "sweep",
]
CREATED = 4
"""Optuna's code in the journal for a new trial."""


def table(folder: Path) -> list[dict[str, str]]:
    """trials.csv in the order of the numbers, without what depends on the time."""
    with (folder / "trials.csv").open() as file:
        rows = [dict(row, seconds="") for row in csv.DictReader(file)]
    return sorted(rows, key=lambda row: int(row["trial"]))


def test_trials_have_their_numbers_and_best_epochs(
    start: Callable[..., Sweep], tmp_path: Path
) -> None:
    sweep = start()
    assert work(sweep, 3, quiet=True) == 3
    assert work(sweep, 3, quiet=True) == 0
    rows = table(sweep.folder)
    assert [row["trial"] for row in rows] == ["0", "1", "2"]
    assert {row["state"] for row in rows} == {"complete"}
    for row in rows:
        metrics = read_metrics(sweep.folder / row["folder"] / "metrics.csv")
        found = {
            float(each["val_spearman"]): each["epoch"]
            for each in reversed(metrics)
            if each["val_spearman"]
        }
        assert float(row["val_spearman"]) == max(found)
        assert row["best_epoch"] == found[max(found)]
        own = (sweep.folder / row["folder"] / "recipe.toml").read_text()
        assert f"lr = {row['optimizer.lr']}\n" in own
        assert f"batch_size = {row['training.batch_size']}\n" in own
    shown = read_rows(sweep)
    assert [row.curve.best for row in shown] == sorted(
        (row.curve.best for row in shown), reverse=True
    )
    best = open_study(sweep).best_trial
    assert (best.number, best.value) == (shown[0].number, shown[0].curve.best)
    assert to_text(shown).splitlines()[1].startswith(f"{shown[0].number} ")
    picture = draw_runs(shown, tmp_path / "runs.svg").read_text()
    assert picture.count("<!-- best:") >= 1
    assert "Spearman correlation on the validation images" in picture


def test_trial_that_was_only_asked_for_is_trained(start: Callable[..., Sweep]) -> None:
    """Killed before anything was drawn, and in the middle of a line of the journal."""
    sweep = start()
    open_study(sweep).ask()
    with (sweep.folder / "study.journal").open("ab") as file:
        file.write(b'{"op_code":5,"worker_id":"')
    work(sweep, 2, quiet=True)
    work(sweep, 3, quiet=True)
    rows = table(sweep.folder)
    assert [row["state"] for row in rows] == ["complete"] * 3
    assert len({row["optimizer.lr"] for row in rows}) == 3


def test_half_made_run_is_begun_again(start: Callable[..., Sweep]) -> None:
    sweep = start()
    open_study(sweep).ask()
    (sweep.trial_folder(0) / "checkpoints").mkdir(parents=True)
    (sweep.trial_folder(0) / "recipe.toml").write_text('name = "sma')
    work(sweep, 1, quiet=True)
    assert table(sweep.folder)[0]["state"] == "complete"


def test_trial_that_somebody_trains_is_left_alone(start: Callable[..., Sweep]) -> None:
    sweep = start()
    open_study(sweep).ask()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(sweep.trial_lock(0).path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    assert work(sweep, 2, quiet=True) == 1
    assert [row["state"] for row in table(sweep.folder)] == ["running", "complete"]
    holder.kill()
    holder.communicate()
    assert work(sweep, 2, quiet=True) == 1
    assert [row["state"] for row in table(sweep.folder)] == ["complete", "complete"]


HOLD = """
import sys
import time
from pathlib import Path
from memnet.runs.lock import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_diverging_trial_fails_and_the_next_is_taken(
    start: Callable[..., Sweep], space: Path
) -> None:
    space.write_text(
        space.read_text().replace("low = 1e-4, high = 1e-2", "low = 1e28, high = 1e30")
    )
    sweep = start()
    work(sweep, 2, quiet=True)
    for row in table(sweep.folder):
        assert row["state"] == "failed"
        assert "lower optimizer.lr" in row["reason"] or "all scores are equal" in row["reason"]
    assert "undefined" in to_text(read_rows(sweep))


def test_trial_below_the_median_is_pruned(start: Callable[..., Sweep]) -> None:
    from optuna.trial import create_trial

    sweep = start(prune=True)
    study = open_study(sweep)
    parameters = {each.key: each.distribution() for each in sweep.parameters}
    for at in range(5):
        values = {"optimizer.lr": 1e-3 + at / 1e4, "training.batch_size": 4}
        done = {1: 0.99, 2: 0.99, 3: 0.99}
        study.add_trial(
            create_trial(
                params=values, distributions=parameters, value=0.99, intermediate_values=done
            )
        )
    work(sweep, 6, quiet=True)
    row = table(sweep.folder)[5]
    assert (row["state"], row["epochs"]) == ("pruned", "1")


TRY = """
import sys
import time
from pathlib import Path
from memnet.runs.lock import FileLock
print(FileLock(Path(sys.argv[1])).acquire_at_once())
"""


def test_table_is_written_behind_the_lock(
    start: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening the study gave it back, so that two commands that ended together wrote one trials.csv.part."""
    sweep, free, replace = start(), [], Path.replace

    def replacing(path: Path, target: Path) -> Path:
        if target.name == "trials.csv":
            asked = [sys.executable, "-c", TRY, str(sweep.lock().path)]
            free.append(run(asked).stdout)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replacing)
    write_table(sweep)
    assert free == ["False\n"]


def test_table_and_picture_of_nothing(start: Callable[..., Sweep], tmp_path: Path) -> None:
    sweep = start()
    assert write_table(sweep) == ()
    assert draw_runs((), tmp_path / "runs.png").stat().st_size > 1000
    assert Curve(epochs=(1, 2), spearman=(None, None)).best_epoch is None


def command(space: Path, data: str, folder: Path, trials: int, *more: str) -> list[str]:
    given = ["--data", data, "--out", str(folder), "--trials", str(trials), *more]
    return [*COMMAND, str(space), *given]


def run(arguments: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, check=False, capture_output=True, text=True, timeout=900, **options
    )


@pytest.mark.slow
def test_stopped_sweep_goes_on_as_if_it_had_not_been(
    space: Path, data: str, tmp_path: Path
) -> None:
    """Killed in one trial, interrupted in the next: none is lost or begun again, and all weights are equal."""
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    asked = [command(space, data, out, 3, "--set", "training.epochs=8") for out in (whole, folder)]
    assert run(asked[0]).returncode == 0
    assert stop(asked[1], signal.SIGKILL, "0001")[1] == -signal.SIGKILL
    assert epochs(folder, 1) == 1
    first = (folder / "trials/0000/checkpoints/last.ckpt").stat().st_mtime_ns
    said, code = stop(asked[1], signal.SIGINT, "0002")
    assert code == 130 and "interrupted" in said and "Traceback" not in said
    assert "trial 1:" in said and "trial 0:" not in said
    assert "epoch 1/8" not in said.partition("trial 2:")[0]
    assert epochs(folder, 2) == 1
    done = run(asked[1])
    assert done.returncode == 0, done.stderr
    assert "trial 2:" in done.stderr and "trial 1:" not in done.stderr
    assert (folder / "trials/0000/checkpoints/last.ckpt").stat().st_mtime_ns == first
    assert table(folder) == table(whole)
    for number in range(3):
        place = f"trials/{number:04}/model/model.safetensors"
        assert (folder / place).read_bytes() == (whole / place).read_bytes()
        rows = read_metrics(folder / f"trials/{number:04}/metrics.csv")
        steps = [int(row["step"]) for row in rows if not row["val_mse"]]
        assert steps == list(range(1, len(steps) + 1))
    assert (folder / "runs.png").is_file()


@pytest.mark.slow
def test_ctrl_c_ends_all_workers_in_one_line(space: Path, data: str, tmp_path: Path) -> None:
    """A terminal sends it to every process, and the first one ends the others: a second SIGINT was a traceback."""
    asked = command(space, data, tmp_path / "s", 4, "--workers", "2", "--set", "training.epochs=99")
    process = subprocess.Popen(asked, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len([*tmp_path.glob("s/trials/*/checkpoints/last.ckpt")]) < 2 and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "memnet: interrupted" in said and "Traceback" not in said


STOPPED = """
import os, signal, sys
from memnet.cli import main
from memnet.training.checkpoints import WholeFiles
sent, trial, save = int(sys.argv.pop(1)), sys.argv.pop(1), WholeFiles.save_checkpoint
def saving(self, checkpoint, path, storage_options=None):
    save(self, checkpoint, path)
    if f"/{trial}/" in str(path):
        os.kill(os.getpid(), sent)
WholeFiles.save_checkpoint = saving
sys.exit(main())
"""


def stop(arguments: list[str], sent: signal.Signals, trial: str) -> tuple[str, int]:
    """Run a command that gets a signal at the next checkpoint of a trial; return what it said and its exit code."""
    python, option, _, *given = arguments
    done = run([python, option, STOPPED, str(int(sent)), trial, *given])
    return done.stderr, done.returncode


def epochs(folder: Path, number: int) -> int:
    """How many epochs of a trial are behind it."""
    rows = read_metrics(folder / f"trials/{number:04}/metrics.csv")
    return sum(bool(row["val_mse"]) for row in rows)


WAITING = """
import importlib, sys
from memnet.cli import main
work = importlib.import_module("memnet.sweep.work")
train = work._train
def first(*given, **options):
    work._train = train
    print("ready", flush=True)
    sys.stdin.readline()
    train(*given, **options)
work._train = first
sys.exit(main())
"""


@pytest.mark.slow
def test_two_commands_share_one_study(space: Path, data: str, tmp_path: Path) -> None:
    """Both are let go once each has a trial: each trial is created and trained by one of them."""
    folder = tmp_path / "shared"
    python, option, _, *given = command(space, data, folder, 6)
    running = [
        subprocess.Popen(
            [python, option, WAITING, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=900)[1] for each in running]
    assert [each.returncode for each in running] == [0, 0]
    trained = [[at for at in range(6) if f"trial {at}: optimizer" in text] for text in said]
    assert sorted([*trained[0], *trained[1]]) == list(range(6)) and all(trained)
    rows = table(folder)
    assert [row["state"] for row in rows] == ["complete"] * 6
    assert len({(row["optimizer.lr"], row["training.batch_size"]) for row in rows}) == 6
    logs = [json.loads(line) for line in (folder / "study.journal").read_text().splitlines()]
    assert sum(log["op_code"] == CREATED for log in logs) == 6
    assert len({log["worker_id"] for log in logs if log["op_code"] == CREATED}) == 2


@pytest.mark.slow
def test_workers_of_one_command_share_the_trials(space: Path, data: str, tmp_path: Path) -> None:
    done = run(command(space, data, tmp_path / "sweep", 4, "--workers", "2"))
    assert done.returncode == 0, done.stderr
    assert [row["state"] for row in table(tmp_path / "sweep")] == ["complete"] * 4
    assert done.stdout.splitlines()[0].split() == [
        "trial",
        "state",
        "Spearman",
        "epoch",
        "lr",
        "batch_size",
    ]
    assert (tmp_path / "sweep/runs.png").is_file()


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


@pytest.mark.slow
def test_full_disk_stops_the_sweep_and_keeps_the_trial(
    space: Path, data: str, tmp_path: Path
) -> None:
    """A checkpoint is larger than files may be here, as on a disk without room."""
    asked = command(space, data, tmp_path / "sweep", 1)
    stopped = run(asked, preexec_fn=small_files)
    assert stopped.returncode == 2 and "File too large" in stopped.stderr, stopped.stderr
    assert table(tmp_path / "sweep")[0]["state"] == "running"
    assert run(asked).returncode == 0
    assert table(tmp_path / "sweep")[0]["state"] == "complete"


@pytest.mark.slow
def test_weights_and_biases_get_a_run_for_each_trial(
    space: Path, data: str, tmp_path: Path
) -> None:
    patient = {"WANDB__SERVICE_WAIT": "600", "WANDB_INIT_TIMEOUT": "600"}
    quiet = os.environ | patient | {"WANDB_SILENT": "true", "HOME": str(tmp_path)}
    done = run(command(space, data, tmp_path / "sweep", 2, "--wandb", "offline"), env=quiet)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "sweep").glob("trials/*/wandb/offline-run-*/*.wandb"))) == 2
