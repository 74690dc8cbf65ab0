"""What a run says while it runs: metrics.csv, the loggers asked for, and a line or a bar on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import lightning.pytorch as lightning

from .metrics import Metrics
from .task import Task
from .validation import Validation

Watch = Callable[[Validation], object]


class Reporter(lightning.Callback):
    """Runs on the first device alone, but for `watch`, which sees each validation on every device."""

    def __init__(self, metrics: Metrics | None, *, watch: Watch | None, quiet: bool) -> None:
        self.metrics = metrics
        self.watch = watch
        self.quiet = quiet or metrics is None
        self._step = -1
        self._bar: Any = None

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Draw the bar, where a person sees it."""
        from tqdm import tqdm

        assert isinstance(pl_module, Task)  # noqa: S101 - for the type checker
        self._step = trainer.global_step
        self._bar = tqdm(
            total=pl_module.steps,
            initial=self._step,
            unit="step",
            file=sys.stderr,
            disable=self.quiet or not sys.stderr.isatty(),
            dynamic_ncols=True,
        )

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any,
        batch: Any, batch_idx: int,
    ) -> None:  # fmt: skip
        """Report a step, once all of its batches are done."""
        del outputs, batch, batch_idx
        assert isinstance(pl_module, Task)  # noqa: S101 - for the type checker
        step = trainer.global_step
        if step == self._step:
            return
        self._step = step
        self._bar.update(1)
        every = pl_module.recipe.training.log_every
        if self.metrics is None or step % every:
            return
        loss, lr = pl_module.step_loss, _rate(trainer)
        self.metrics.add_step(trainer.current_epoch + 1, step, lr, loss)
        for logger in trainer.loggers:
            logger.log_metrics({"loss": loss, "lr": lr}, step)
        self._describe(trainer, pl_module, loss)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Report a validation."""
        assert isinstance(pl_module, Task)  # noqa: S101 - for the type checker
        found = pl_module.validation
        if found is None:
            return
        if self.metrics is not None:
            self.metrics.add_validation(found, _rate(trainer))
            for logger in trainer.loggers:
                logger.log_metrics(_figures(found), found.step)
            self._say(found, pl_module)
        if self.watch is not None:
            self.watch(found)

    def teardown(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str
    ) -> None:
        """Leave the bar's last state on the screen, also after an error."""
        del trainer, pl_module, stage
        if self._bar is not None:
            self._bar.close()

    def _describe(self, trainer: lightning.Trainer, task: Task, loss: float) -> None:
        epochs = task.recipe.training.epochs
        found = "" if task.validation is None else f", {_short(task.validation)}"
        self._bar.set_description_str(f"epoch {trainer.current_epoch + 1}/{epochs}", refresh=False)
        self._bar.set_postfix_str(f"loss {loss:.4g}{found}", refresh=False)

    def _say(self, found: Validation, task: Task) -> None:
        """Print one line for each epoch."""
        if self.quiet or self.metrics is None:
            return
        seconds = self.metrics.seconds
        left = seconds / found.step * (task.steps - found.step)
        self._bar.write(
            f"memnet: epoch {found.epoch}/{task.recipe.training.epochs}: loss {found.loss:.4g}, {_short(found)}, "
            f"{_time(seconds)} done, {_time(left)} left",
            file=sys.stderr,
        )


def _rate(trainer: lightning.Trainer) -> float:
    """Return the learning rate of the next step; of several groups the first."""
    return float(trainer.optimizers[0].param_groups[0]["lr"])


def _figures(found: Validation) -> dict[str, float]:
    figures = {"val_mse": found.mse, "val_sd": found.sd, "epoch": float(found.epoch)}
    return figures if found.spearman is None else figures | {"val_spearman": found.spearman}


def _short(found: Validation) -> str:
    rho = "undefined" if found.spearman is None else f"{found.spearman:.3f}"
    return f"Spearman {rho}, spread {found.sd:#.3g}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
