"""Segmenters that convert-caffemodel converted: fed BGR pixels of 0..255 less their mean, as the folder says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from converter import Preprocess, load_preprocess
from converter.errors import FileFormatError, InvalidNetError, UnsupportedError, context

from .adapter import Adapter, refused

if TYPE_CHECKING:
    from torch.nn import Module

TINY = 1e-30
"""Least probability of which the logarithm is taken: float32 has smaller ones, but only as denormal numbers."""


class Converted(Adapter):
    """Channels in the net's order and 0..255; of several outputs one; of probabilities the logarithm."""

    def __init__(
        self,
        net: Module,
        num_classes: int,
        *,
        output: int | None,
        bgr: bool,
        probabilities: bool,
        **options: Any,
    ) -> None:
        super().__init__(net, num_classes, **options)
        self.output, self.bgr, self.probabilities = output, bgr, probabilities

    def extra_repr(self) -> str:
        """Return what no weight says."""
        own = f"output={self.output}, bgr={self.bgr}, probabilities={self.probabilities}"
        return f"{super().extra_repr()}, {own}"

    def normalized(self, data: Tensor) -> Tensor:
        """Return (255 data - mean) scale, in the net's channel order."""
        return super().normalized((data.flip(1) if self.bgr else data) * 255)

    def read(self, output: Any, fed: Tensor) -> Tensor:  # noqa: ARG002
        """Return the one output, or the chosen one of several."""
        found = output if self.output is None else output[self.output]
        if not isinstance(found, Tensor):
            raise refused(found, "a tensor")
        return found.clamp(min=TINY).log() if self.probabilities else found


def converted(
    folder: str | Path, num_classes: int, *, output: str | None = None, stride: int | None = None
) -> Adapter:
    """Return the segmenter in a folder that convert-caffemodel wrote. Its `model.py` is run: take one that you trust.

    `output` names the blob of the map where the net has several outputs. Of a mean image the channels' averages are
    subtracted, for a crop has its place nowhere. Nets with inner products give a map once they are converted with
    `--fully-convolutional`.

    Raises:
        FileFormatError: the folder lacks something, or has no such output.
        UnsupportedError: the net takes grey pictures.
    """
    from converter.check import load_folder

    folder = Path(folder)
    with context(str(folder)):
        record = _record(folder)
        preprocess = load_preprocess(folder)
        if preprocess.channel_order == "GRAY":
            raise UnsupportedError("takes grey pictures; a segmenter is fed three channels")
        chosen = _output([str(each["blob"]) for each in record["outputs"]], output)
        return Converted(
            load_folder(folder, str(record["class"])),
            num_classes,
            output=chosen if len(record["outputs"]) > 1 else None,
            bgr=preprocess.channel_order == "BGR",
            probabilities=_is_softmax(record, str(record["outputs"][chosen]["blob"])),
            mean=_channel_means(preprocess),
            deviation=(1 / preprocess.scale,) * 3,
            stride=stride,
        )


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((folder / "conversion.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError(
            "is no folder that convert-caffemodel wrote: conversion.json cannot be read"
        ) from error
    return found


def _output(blobs: list[str], name: str | None) -> int:
    if name is None and len(blobs) == 1:
        return 0
    if name not in blobs:
        raise InvalidNetError(
            f"the net's outputs are {', '.join(blobs)}, not {name!r}; name the one that is the map"
        )
    return blobs.index(name)


def _is_softmax(record: Mapping[str, Any], blob: str) -> bool:
    """Whether the last layer that writes a blob is a Softmax."""
    types = [layer["type"] for layer in record["layers"] if blob in layer["tops"]]
    return bool(types) and types[-1] in {"Softmax", "SOFTMAX"}


def _channel_means(preprocess: Preprocess) -> tuple[float, ...]:
    if preprocess.mean is None:
        return (0.0, 0.0, 0.0)
    return tuple(float(mean) for mean in np.asarray(preprocess.mean).mean((1, 2), np.float64))
