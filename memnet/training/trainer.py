"""Lightning's Trainer, set up from a recipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger
from torch import Tensor, nn

from converter.errors import InvalidNetError

from ..segmenters.cache import SegmentationCache, open_cache
from ..segmenters.frozen import Frozen
from .checkpoints import OURS, Keeper, WholeFiles
from .errors import TrainingError
from .loaders import Loaders
from .metrics import NAME, Metrics
from .mixture import Mixture
from .places import CHECKPOINTS, LAST
from .quiet import quiet_lightning
from .recipe import Recipe
from .reporting import Reporter, Watch
from .task import Task


def run_trainer(
    model: nn.Module, recipe: Recipe, mixture: Mixture, out: Path, *, steps: int,
    identity: dict[str, Any], checkpoint: dict[str, Any] | None, watch: Watch | None, quiet: bool,
    first: bool,
) -> None:  # fmt: skip
    """Train `model` up to `steps`, from a checkpoint's position where there is one."""
    done, position = 0, (0, 0)
    if checkpoint is not None:
        done = checkpoint["global_step"]
        position = (checkpoint[OURS]["position"][0], checkpoint[OURS]["position"][1])
    model.train()
    if recipe.training.precision != "32-true":
        _norms_in_float32(model)
    maps = open_maps(recipe, model)
    loaders = Loaders(mixture, recipe, vars(model)["preprocess"], position, maps=maps)
    loaders.hold()
    metrics = Metrics(out / NAME, step=done) if first else None
    # The reporter first: a row is written before the checkpoint that stands for it.
    callbacks = [Reporter(metrics, watch=watch, quiet=quiet), Keeper(out / CHECKPOINTS, identity)]
    with quiet_lightning(), _in_one_line(), _own_wandb_run(recipe):
        loggers = _loggers(recipe, out) if first else []
        trainer = _trainer(recipe, out, callbacks, loggers, validates=bool(mixture.validation))
        trainer.fit(
            Task(model, recipe, mixture, steps, maps=maps),
            datamodule=loaders,
            ckpt_path=None if checkpoint is None else out / CHECKPOINTS / LAST,
            weights_only=True,
        )


def open_maps(recipe: Recipe, model: nn.Module) -> SegmentationCache | None:
    """Return the cache of a TripleMem's maps, if the recipe names one. Raises InvalidNetError where it cannot help."""
    if not recipe.data.maps:
        return None
    segmenter = vars(model).get("segmenter")
    if not isinstance(segmenter, Frozen):
        raise InvalidNetError(
            f"data.maps is {recipe.data.maps!r}, and {recipe.model.architecture!r} has no segmenter; leave it empty"
        )
    if recipe.data.crop == "random":
        raise InvalidNetError(
            "data.maps: a picture has 900 random crops, and each a map of its own; take data.crop='center', or leave "
            "data.maps empty"
        )
    return open_cache(recipe.data.maps, segmenter)


def _trainer(
    recipe: Recipe,
    out: Path,
    callbacks: list[lightning.Callback],
    loggers: list[Logger],
    *,
    validates: bool,
) -> lightning.Trainer:
    training, devices = recipe.training, recipe.devices
    return lightning.Trainer(
        accelerator=devices.accelerator,
        devices=devices.devices,
        num_nodes=devices.nodes,
        strategy=devices.strategy,
        sync_batchnorm=devices.sync_batch_norm,
        precision=training.precision,
        max_epochs=training.epochs,
        accumulate_grad_batches=training.accumulate,
        gradient_clip_val=training.clip or None,
        callbacks=callbacks,
        plugins=[WholeFiles()],
        logger=loggers or False,
        default_root_dir=out,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if validates else 0,
        log_every_n_steps=1,
    )


def _loggers(recipe: Recipe, out: Path) -> list[Logger]:
    """Return the loggers asked for; metrics.csv is ours and always there."""
    found: list[Logger] = []
    if recipe.logs.tensorboard:
        with _extra("tensorboard"):
            from lightning.pytorch.loggers import TensorBoardLogger

            found.append(TensorBoardLogger(out, name="tensorboard", version=""))
    if recipe.logs.wandb != "off":
        with _extra("wandb"):
            from lightning.pytorch.loggers import WandbLogger

            offline = recipe.logs.wandb == "offline"
            project = recipe.logs.project
            found.append(WandbLogger(name=out.name, save_dir=out, project=project, offline=offline))
    return found


@contextmanager
def _own_wandb_run(recipe: Recipe) -> Iterator[None]:
    """End the run at Weights & Biases with ours; else the next one in this process would be logged into it."""
    try:
        yield
    finally:
        wandb = sys.modules.get("wandb")
        if recipe.logs.wandb != "off" and wandb is not None:
            wandb.finish()


@contextmanager
def _extra(package: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"logs.{package} needs {package}: pip install {package}", name=package
        ) from error


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn what Lightning says of a device or strategy that there is not into an error of ours."""
    try:
        yield
    except (MisconfigurationException, ValueError) as error:
        raise TrainingError(f"Lightning refuses: {' '.join(str(error).split())}") from error


def _norms_in_float32(model: nn.Module) -> None:
    """Compute local response normalisations in float32: squares overflow float16, and no CPU pools bfloat16."""
    for module in model.modules():
        if isinstance(module, nn.LocalResponseNorm):
            module.register_forward_pre_hook(_to_float32)


def _to_float32(_module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].float(),)
