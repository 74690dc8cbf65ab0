"""The network as Lightning trains it: one step, one validation, and what makes either exact again.

What torch draws at random in a step, such as dropout, is seeded anew by (seed, epoch, batch, device), so that a
resumed run draws the same without having to carry a state along.
"""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from torch import Tensor, nn

from converter.errors import FileFormatError

from ..segmenters.cache import SegmentationCache
from .errors import TrainingError
from .mixture import Mixture
from .optimization import make_loss, make_optimizer, make_schedule
from .pictures import Batch
from .recipe import Recipe
from .validation import Validation, judged

EPOCH_LOSS = "memnet_epoch_loss"
_STEP = 5  # keeps these random numbers apart from others with the same seed


class Task(lightning.LightningModule):
    """Trains `model`; `steps` are those of the whole run."""

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        mixture: Mixture,
        steps: int,
        *,
        maps: SegmentationCache | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.maps = maps
        self.recipe = recipe
        self.mixture = mixture
        self.steps = steps
        self.validation: Validation | None = None
        """Of the last epoch that was validated."""
        self.step_loss = math.nan
        """Mean over the batches of the last step, and over the devices."""
        self._waiting: list[float] = []
        self._sum, self._batches = 0.0, 0
        self._scores: dict[int, float] = {}
        self._loss = make_loss(recipe)

    def configure_optimizers(self) -> Any:
        """Return Lightning's form of one optimizer whose schedule moves at each step."""
        optimizer = make_optimizer(self.model, self.recipe.optimizer)
        schedule = make_schedule(optimizer, self.recipe.schedule, self.steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_train_start(self) -> None:
        """Keep batch statistics where the recipe says so; Lightning puts modes back after each validation."""
        freeze_batch_norm(self.model, self.recipe)

    def on_train_epoch_start(self) -> None:
        """Begin the epoch's mean loss; not called where a run goes on inside an epoch."""
        self._sum, self._batches = 0.0, 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the epoch's loss so far."""
        checkpoint[EPOCH_LOSS] = {"sum": self._sum, "batches": self._batches}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        self._sum, self._batches = (checkpoint[EPOCH_LOSS][key] for key in ("sum", "batches"))

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed what the step draws; refuse a batch with an image that could not be read."""
        _refuse_unreadable(batch)
        seeds = [self.recipe.training.seed, self.current_epoch, batch_idx, self.global_rank, _STEP]
        torch.manual_seed(int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0]) >> 1)

    def training_step(self, batch: Batch, _batch_idx: int) -> Tensor:
        """Return the loss of a batch. Raises TrainingError where it is no number, on all devices at once."""
        scores = self._scored(batch).float()
        loss = self._loss(scores, batch.scores)
        mean = float(self.trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean"))
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss is {mean} at step {self.global_step + 1}; lower optimizer.lr, set training.clip, or take "
                "another start"
            )
        self._count(mean)
        return loss

    def _scored(self, batch: Batch) -> Tensor:
        """Return (N,); a map that is not known yet is made here, where the segmenter is, and kept."""
        fed: tuple[Tensor, ...] = (batch.data,)
        if self.maps is not None and batch.maps is not None:
            segmenter = vars(self.model)["segmenter"]
            fed = (batch.data, self.maps.completed(segmenter, batch.data, batch.maps))
        scores: Tensor = self.model(*fed)
        return scores.reshape(-1)

    def _count(self, loss: float) -> None:
        self._sum, self._batches = self._sum + loss, self._batches + 1
        self._waiting.append(loss)
        if len(self._waiting) == self.recipe.training.accumulate:
            self.step_loss = sum(self._waiting) / len(self._waiting)
            self._waiting.clear()

    def validation_step(self, batch: Batch, _batch_idx: int) -> None:
        """Keep the scores."""
        _refuse_unreadable(batch)
        scores = self._scored(batch).double().cpu()
        self._scores |= dict(zip(batch.indices.tolist(), scores.tolist(), strict=True))

    def on_validation_epoch_end(self) -> None:
        """Judge the scores of all devices."""
        kind = torch.float32 if self.device.type == "mps" else torch.float64
        every = torch.zeros(len(self.mixture.validation), dtype=kind, device=self.device)
        for index, score in self._scores.items():
            every[index] = score
        self._scores = {}
        self.validation = judged(
            self.trainer.strategy.reduce(every, reduce_op="sum").tolist(),
            [each.score for each in self.mixture.validation],
            epoch=self.current_epoch + 1,
            step=self.global_step,
            loss=self._sum / max(1, self._batches),
        )


def _refuse_unreadable(batch: Batch) -> None:
    if batch.errors:
        raise FileFormatError(
            f"{batch.errors[0]}; mend or remove it, or leave out what cannot be read with data.on_error=skip"
        )


def freeze_batch_norm(model: nn.Module, recipe: Recipe) -> None:
    """Put the batch normalisations into eval mode, if the recipe freezes them."""
    if recipe.training.freeze_batch_norm:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - torch's common base
                module.eval()
