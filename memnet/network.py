"""`Network`: a model with what it does to pictures and over which crops it averages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter import Preprocess

from .calibration import Calibration, Raw
from .crops import CROPS, Crops, Floats, crop
from .images import Pixels
from .networks.resmem_preprocess import ResMemPreprocess

if TYPE_CHECKING:
    import torch

Rule: TypeAlias = Preprocess | ResMemPreprocess
Doubles: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

BATCH = 20
"""Crops through the net at once: arrays of 12 MB, and for MemNet blobs of about 100 MB."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What some pictures gave, each averaged over its crops."""

    scores: Floats
    """float32 (N,)"""
    features: Floats | None = None
    """float32 (N, ...): the activations asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Pictures to crops by `fed`, which threads may call, and crops to scores by `run`."""

    model: torch.nn.Module
    rule: Rule
    crops: Crops = "center"
    batch_size: int = BATCH
    """Crops, not pictures, at once; but never less than one picture."""
    features: str | None = None
    """Blob or module whose activations are wanted."""
    fast: bool = False
    """Whether to run the checked faster twin (`memnet.networks.fast`) where there is one; features are the plain's."""
    calibration: Calibration = field(default_factory=Raw)
    """What is done to the averages over crops."""

    def __post_init__(self) -> None:
        """Refuse what would only fail at the first picture."""
        if self.crops not in CROPS:
            raise ValueError(f"crops is {self.crops!r}; it may be {' or '.join(map(repr, CROPS))}")
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}; it must be at least 1")
        if self.features is not None:
            from .features import module_of

            module_of(self.model, self.features)

    @property
    def pictures_at_once(self) -> int:
        """How many pictures make a batch."""
        return max(1, self.batch_size // (1 if self.crops == "center" else 10))

    @property
    def takes_threads(self) -> bool:
        """Whether threads may call `run` at once: on the CPU, with no hooks for features and no mode to switch."""
        on_cpu = next(self.model.parameters()).device.type == "cpu"
        return on_cpu and self.features is None and not self.model.training

    def fed(self, image: Pixels) -> Floats:
        """Return what the net is fed for an H x W x 3 uint8 RGB image, (crops, 3, height, width) float32."""
        if isinstance(self.rule, ResMemPreprocess):
            return self.rule.crops(image, self.crops)
        return crop(self.rule, image, self.crops)

    def run(self, fed: Sequence[Floats]) -> Outputs:
        """Return the outputs for pictures that `fed` prepared, at least one; means are taken in float64."""
        from .features import caught, module_of

        module = self._running()
        with ExitStack() as stack:
            seen: list[torch.Tensor] = []
            if self.features is not None:
                seen = stack.enter_context(caught(module_of(module, self.features)))
            scores = _forward(module, np.concatenate(fed))
        averages = _averaged(scores, len(fed)).reshape(-1)
        return Outputs(
            scores=self.calibration(averages).astype(np.float32),
            features=_averaged(_to_numpy(seen[-1]), len(fed)) if seen else None,
        )

    def _running(self) -> torch.nn.Module:
        if not self.fast or self.features is not None:
            return self.model
        from .networks.fast import best

        return best(self.model)


def _forward(model: torch.nn.Module, fed: Floats) -> Doubles:
    """Return (crops, 1) in float64; dropout is off whatever the model's mode is."""
    import torch

    from .device import plain_float32

    parameter = next(model.parameters())
    training = model.training
    try:
        with torch.inference_mode(), plain_float32():
            return _to_numpy(model.eval()(torch.from_numpy(fed).to(parameter)))
    finally:
        model.train(training)


def _to_numpy(tensor: torch.Tensor) -> Doubles:
    found: Doubles = tensor.double().cpu().numpy()
    return found


def _averaged(values: Doubles, pictures: int) -> Floats:
    """Return (pictures, ...) from (pictures * crops, ...)."""
    mean: Doubles = values.reshape(pictures, -1, *values.shape[1:]).mean(1)
    return mean.astype(np.float32)
