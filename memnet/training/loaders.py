"""The loaders that Lightning asks for once it knows how many devices there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightning.pytorch as lightning
import torch
from torch.utils.data import DataLoader

from ..network import Rule
from ..segmenters.cache import SegmentationCache
from .errors import TrainingError
from .mixture import Mixture
from .order import Batches, Shard
from .pictures import Augmentation, Batch, Pictures, collate
from .recipe import Recipe


class Loaders(lightning.LightningDataModule):
    """Training and validation images of a mixture as `rule` feeds them; `start` is (epoch, batches done)."""

    def __init__(
        self,
        mixture: Mixture,
        recipe: Recipe,
        rule: Rule,
        start: tuple[int, int] = (0, 0),
        *,
        maps: SegmentationCache | None = None,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.start = start
        augmentation = Augmentation(
            seed=recipe.training.seed,
            random_crop=recipe.data.crop == "random",
            mirror=recipe.data.mirror,
        )
        self.train = Pictures(mixture.train, rule, augmentation, maps=maps)
        self.validation = Pictures(mixture.validation, rule, maps=maps)

    def hold(self) -> None:
        """Read all images into memory, if the recipe says so."""
        if self.recipe.data.cache == "memory":
            self.train.hold()
            self.validation.hold()

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of this device."""
        training = self.recipe.training
        batches = Batches(
            len(self.train),
            training.batch_size,
            seed=training.seed,
            accumulate=training.accumulate,
            world=self._world,
            rank=self._rank,
            start=self.start,
        )
        return self._loader(self.train, batches)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return this device's share of the validation images; none if there are none."""
        if not len(self.validation):
            return []
        size = self.recipe.training.batch_size
        shard = Shard(len(self.validation), size, world=self._world, rank=self._rank)
        return self._loader(self.validation, shard)

    def _loader(self, pictures: Pictures, batches: Batches | Shard) -> DataLoader[Any]:
        workers = self.recipe.data.workers
        return DataLoader(
            pictures,
            batch_sampler=batches,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
        )

    @property
    def _world(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    def transfer_batch_to_device(
        self,
        batch: Batch,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002 - Lightning's names
    ) -> Batch:
        """Move the tensors."""
        data, scores = (each.to(device, non_blocking=True) for each in (batch.data, batch.scores))
        maps = None if batch.maps is None else batch.maps.to(device, non_blocking=True)
        return replace(batch, data=data, scores=scores, maps=maps)


def steps_in_epoch(mixture: Mixture, recipe: Recipe) -> int:
    """Return the optimizer steps of one epoch. Raises TrainingError where the images do not suffice for one."""
    images = images_in_step(recipe)
    steps = len(mixture.train) // images
    if not steps:
        raise TrainingError(
            f"{len(mixture.train):,} training images are fewer than one step takes, {images:,}; lower "
            "training.batch_size or training.accumulate"
        )
    return steps


def images_in_step(recipe: Recipe) -> int:
    """Return how many images one optimizer step sees, over all devices."""
    training, devices = recipe.training, recipe.devices
    return training.batch_size * training.accumulate * devices.devices * devices.nodes
