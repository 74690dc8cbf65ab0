"""Checkpoints: when they are written, that each is whole or not there, and what they say of the run.

`last.ckpt` is what a run goes on from, `best.ckpt` the epoch with the best Spearman on the validation images. Both hold
tensors and plain values alone and are read with `weights_only=True`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.fabric.plugins import CheckpointIO

from ..networks.resmem import said_of
from .errors import TrainingError
from .places import BEST, LAST
from .task import Task

OURS = "memnet"
"""The checkpoint's key with what is ours: format, recipe, data, position."""
FORMAT = 1
PART = ".part"


class WholeFiles(CheckpointIO):
    """Writes beside the place and renames, so that an earlier checkpoint stands until the next is complete."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any | None = None,  # noqa: ARG002 - Lightning's signature
    ) -> None:
        """Write a checkpoint. Raises OSError where the disk does not take it; the file at `path` is as before."""
        part = Path(f"{path}{PART}")
        try:
            with part.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except RuntimeError as error:  # torch's zip writer hides why a write failed
            part.unlink(missing_ok=True)
            raise _disk_error(part, error) from error
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(path)) from error
        part.replace(path)

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any | None = None,  # noqa: ARG002 - always the CPU first
        weights_only: bool | None = None,  # noqa: ARG002 - always
    ) -> dict[str, Any]:
        """Read a checkpoint; nothing but tensors and plain values is unpickled."""
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove the file."""
        Path(path).unlink(missing_ok=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint that a run wrote. Raises TrainingError where it is none or damaged."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        if not path.is_file():
            raise TrainingError(f"{path}: there is no such checkpoint") from error
        raise TrainingError(
            f"{path}: is no checkpoint of tensors and plain values, or is cut short ({said_of(error)}); put a copy in "
            f"its place, such as {BEST}, or begin a new run"
        ) from error
    if not isinstance(found, dict) or found.get(OURS, {}).get("format") != FORMAT:
        raise TrainingError(
            f"{path}: is a PyTorch file, but no checkpoint that `memnet train` wrote"
        )
    return found


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that the target is the old one or the new one."""
    part = target.with_name(target.name + PART)
    try:
        shutil.copyfile(source, part)
    except OSError as error:  # which names the source where the target's disk is full
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from error
    part.replace(target)


def mend_best(folder: Path, last: dict[str, Any] | None) -> None:
    """Copy the last checkpoint where it is the best, for a run that was killed between the two."""
    if last is not None and last[OURS]["position"] == [last[OURS]["best_epoch"], 0]:
        copy_whole(folder / LAST, folder / BEST)


class Keeper(lightning.Callback):
    """Writes checkpoints at steps and epochs, and stops a run whose Spearman no longer rises."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder = folder
        self.identity = identity
        """What a resumed run must agree with."""
        self.position = (0, 0)
        self.best: float | None = None
        self.best_epoch = 0
        self._saved_step = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what early stopping and the best checkpoint go by."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it up again."""
        self.best, self.best_epoch = state_dict["best"], state_dict["best_epoch"]

    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:  # fmt: skip
        """Add what is ours."""
        del trainer, pl_module
        checkpoint[OURS] = {
            "format": FORMAT,
            "position": list(self.position),
            "best_epoch": self.best_epoch,
            "best_spearman": self.best,
            **self.identity,
        }

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any,
        batch: Any, batch_idx: int,
    ) -> None:  # fmt: skip
        """Write a checkpoint at every so many steps; the last of an epoch waits for its validation."""
        del outputs, batch
        assert isinstance(pl_module, Task)  # noqa: S101 - for the type checker
        every = pl_module.recipe.training.checkpoint_every
        step, batches = trainer.global_step, int(trainer.num_training_batches)
        due = every and step % every == 0 and step != self._saved_step
        if due and batch_idx + 1 < batches:
            self._save(trainer, pl_module, (trainer.current_epoch, batch_idx + 1))

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the last checkpoint, and a copy of it where the epoch is the best so far."""
        assert isinstance(pl_module, Task)  # noqa: S101 - for the type checker
        epoch, found = trainer.current_epoch + 1, pl_module.validation
        rho = None if found is None else found.spearman
        better = self.best_epoch == 0 or (
            rho is not None and (self.best is None or rho > self.best)
        )
        if better or found is None:
            self.best, self.best_epoch = rho, epoch
        self._save(trainer, pl_module, (epoch, 0))
        if self.best_epoch == epoch and trainer.is_global_zero:
            copy_whole(self.folder / LAST, self.folder / BEST)
        patience = pl_module.recipe.training.patience
        if patience and epoch - self.best_epoch >= patience:
            trainer.should_stop = True

    def _save(self, trainer: lightning.Trainer, task: Task, position: tuple[int, int]) -> None:
        _refuse_nan(task, trainer.global_step)
        self.position, self._saved_step = position, trainer.global_step
        trainer.save_checkpoint(self.folder / LAST)


def _refuse_nan(task: Task, step: int) -> None:
    """Keep the earlier checkpoint where the last step broke the weights: its loss was still a number."""
    for name, parameter in task.model.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise TrainingError(
                f"{name} is no longer finite after step {step}; lower optimizer.lr, or set training.clip"
            )


def _disk_error(path: Path, error: RuntimeError) -> OSError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return OSError(cause.errno, cause.strerror, str(path))
        cause = cause.__cause__ or cause.__context__
    return OSError(None, f"cannot be written ({str(error).splitlines()[0]})", str(path))
