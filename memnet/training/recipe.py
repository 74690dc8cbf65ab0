"""`Recipe`: everything that decides what a training run computes, as frozen plain values; TOML has the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


def _number(default: float, least: float, most: float = float("inf")) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


def _count(default: int, least: int = 0, most: float = float("inf")) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is trained."""

    architecture: str = "memnet"
    """A name of `memnet.networks.architectures`."""
    options: Mapping[str, object] = field(default_factory=dict)
    """The architecture's own."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """The weights before the first step."""

    weights: str = ""
    """A caffemodel, converted folder, .safetensors, .pth or finished run; `resmem` is the installed package's. By layer
    name; what has another shape there is left out and told."""
    initialization: Literal["torch", "he", "caffe"] = "torch"
    """Of all other weights: torch's own; `he`, normal of variance 2 / fan in, the last layer 0; or `caffe`, MemNet's
    alone: normal of deviation 0.01 (0.005 in fc6 and fc7) and the biases of Caffe's AlexNet."""
    output: Literal["zero", "mean"] = "zero"
    """`mean` sets the last bias so that the first scores are about the mean of the training scores."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which images, and what becomes of them."""

    sources: tuple[str, ...] = ()
    """`KIND:PATH` as `memnet.data.load_data` takes them; several are mixed."""
    validation_sources: tuple[str, ...] = ()
    """Images to validate on; all of `sources` is then for training."""
    split: int = field(default=1, metadata={"least": 1, "most": 5})
    """LaMem's."""
    validation: Literal["split", "random"] = "split"
    """`split`: LaMem's val_K, and of other sources `validation_share` at random; `random`: `validation_count` images
    of the whole mixture, in which LaMem is all of LaMem."""
    validation_share: float = _number(0.1, 0.0, 0.9)
    validation_count: int = _count(5000, 1)
    crop: Literal["random", "center"] = "center"
    mirror: bool = False
    """Whether half of the training images are mirrored, at random."""
    cache: Literal["none", "memory"] = "none"
    """`memory` keeps every resized image, 0.2 MB (8-bit rules) or 0.8 MB each, and decodes it once."""
    maps: str = ""
    """Folder that keeps the maps of TripleMem's segmenter, which then sees each picture once and not in every epoch."""
    on_error: Literal["fail", "skip"] = "fail"
    """`skip` decodes every image before the first step and leaves out those that cannot be read."""
    workers: int = _count(0)
    """Processes that prepare images."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """One step."""

    name: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: float = _number(1e-5, 0.0)
    momentum: float = _number(0.9, 0.0, 1.0)
    """Of SGD."""
    nesterov: bool = False
    betas: tuple[float, ...] = field(default=(0.9, 0.999), metadata={"least": 0.0, "most": 0.99999})
    """Of Adam and AdamW, both below 1."""
    weight_decay: float = _number(0.0, 0.0)
    rates: str = ""
    """A prototxt or converted folder whose `lr_mult` and `decay_mult` each layer takes; `memnet` is the packaged
    memnet_rates.prototxt; empty trains all layers alike."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The learning rate over the steps, as a factor of `optimizer.lr`."""

    name: Literal["constant", "step", "cosine", "linear"] = "constant"
    step_size: int = _count(20000, 1)
    """Steps after which `step` multiplies by `gamma`."""
    gamma: float = _number(0.1, 0.0, 1.0)
    warmup: int = _count(0)
    """Steps in which the factor rises from 0 to 1, before any schedule."""
    least: float = _number(0.0, 0.0, 1.0)
    """Where `cosine` and `linear` end."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long, and in what portions."""

    epochs: int = _count(10, 1)
    batch_size: int = _count(32, 1)
    """Images at once on each device."""
    accumulate: int = _count(1, 1)
    """Batches of which the gradients make one step."""
    loss: Literal["mse", "euclidean", "mae", "huber"] = "mse"
    """`euclidean` is Caffe's EuclideanLoss, half of `mse`."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    clip: float = _number(0.0, 0.0)
    """Greatest norm of the gradients; 0 leaves them."""
    freeze_batch_norm: bool = False
    """Keep the batch statistics that the start has."""
    patience: int = _count(0)
    """Epochs without a better Spearman on the validation images after which to stop; 0 never stops."""
    checkpoint_every: int = _count(0)
    """Steps between checkpoints inside an epoch; one is written after each epoch anyway."""
    log_every: int = _count(10, 1)
    """Steps between rows of metrics.csv."""
    seed: int = _count(0, 0, 2**63 - 1)


@dataclass(frozen=True, kw_only=True)
class Devices:
    """Lightning's words for where to compute."""

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: int = _count(1, 1)
    """On each node."""
    nodes: int = _count(1, 1)
    strategy: str = "auto"
    sync_batch_norm: bool = False


@dataclass(frozen=True, kw_only=True)
class Logs:
    """Beside metrics.csv, which is always written."""

    tensorboard: bool = False
    wandb: Literal["off", "offline", "online"] = "off"
    project: str = "memorability"
    """Of Weights & Biases."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A run, but for the folder that it is written to."""

    name: str = "recipe"
    source: str = ""
    """Who published these numbers, and which of them are ours."""
    model: Model = field(default_factory=Model)
    start: Start = field(default_factory=Start)
    data: Data = field(default_factory=Data)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    training: Training = field(default_factory=Training)
    devices: Devices = field(default_factory=Devices)
    logs: Logs = field(default_factory=Logs)
