"""How the original and the port are fed: from an image to (crops, channels, height, width)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter import Preprocess
from converter.errors import FileFormatError
from memnet.crops import Crops, Floats, crop
from memnet.images import Pixels
from memnet.networks.resmem_preprocess import ResMemPreprocess

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from memnet.network import Rule

Feed: TypeAlias = Callable[[Pixels], Floats]
"""H x W x 3 uint8 RGB -> (1, C, H, W), or the ten crops (10, C, H, W)."""


def original_rule(conversion: Conversion, given: Rule | None = None) -> Rule | None:
    """Return the preprocessing of the original: the one that is given, else the conversion's.

    For a net with MemNet's layers it is MemNet's, with the conversion's mean or else the channel means. None where
    the net does not take one image.
    """
    if given is not None:
        return given
    return _as_memnets(conversion, conversion.preprocess) if conversion.preprocess else None


def port_rule(
    conversion: Conversion, port: torch.nn.Module, folder: Path | None
) -> Rule | Feed | None:
    """Return the port's own preprocessing: its folder's configuration, or its attribute `preprocess`; None without.

    As the attribute any callable will do, from an H x W x 3 uint8 RGB image to (C, H, W) or (crops, C, H, W).
    """
    from converter.preprocess import CONFIG, load_preprocess

    if folder is not None and (folder / CONFIG).is_file():
        return _as_memnets(conversion, load_preprocess(folder))
    own = getattr(port, "preprocess", None)
    return own if isinstance(own, ResMemPreprocess) or callable(own) else None


def feed_of(rule: Rule | Feed, crops: Crops) -> Feed:
    """Return a feeding that takes one crop of an image, or ten."""
    if isinstance(rule, Preprocess):
        return lambda image: crop(rule, image, crops)
    if isinstance(rule, ResMemPreprocess):
        return lambda image: rule.crops(image, crops)
    return lambda image: _called(rule, image)


def grey_level(rule: Rule) -> float:
    """Return how much one of 255 grey levels is in what the net is fed."""
    return 1 / 255 if isinstance(rule, ResMemPreprocess) else abs(rule.scale) or 1.0


def is_memnet(conversion: Conversion) -> bool:
    """Whether the net has MemNet's layers with weights, under their names and in their shapes."""
    from memnet.topology import deploy_net

    ours, theirs = (
        {step.layer.name: [blob.shape for blob in step.blobs] for step in net.steps if step.blobs}
        for net in (conversion.net, deploy_net())
    )
    return ours == theirs


def _as_memnets(conversion: Conversion, rule: Preprocess) -> Preprocess:
    """Complete a rule of a MemNet that was read without its mean image, as `memnet.load` does."""
    from memnet.preprocessing import CHANNEL_MEANS, SIZE, preprocessing

    if rule.resize == SIZE or not is_memnet(conversion):
        return rule
    return preprocessing(
        rule.mean
        if rule.mean is not None
        else np.array(CHANNEL_MEANS, np.float32).reshape(3, 1, 1),
        ten_crop=rule.ten_crop,
    )


def _called(own: Callable[[Pixels], Any], image: Pixels) -> Floats:
    try:
        found = np.asarray(own(image), np.float32)
    except Exception as error:  # somebody's code may raise anything
        said = str(error).strip() or type(error).__name__
        raise FileFormatError(f"the port's preprocess fails: {said}") from error
    return found[None] if found.ndim == 3 else found
