"""TripleMem, later called M3M: ResMem with a third branch, which is fed a map of what each pixel shows.

    AlexNet features (9216) ─┐
    ResNet logits (1000) ────┼─ fc6 ... fc12, as in ResMem
    segmenter, frozen ─ map ─ convolutions ─┘

Published are the three branches, that the map has 13 classes at 227 x 227, that "another couple of convolution layers"
bring it to the inner products, and about 500 million parameters. Which segmenter it was and the sizes of those
convolutions are not: `PRESETS` are ours. docs/triplemem.md has the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import Tensor, nn

from converter.errors import InvalidNetError, WeightsError

from ..segmenters.frozen import Frozen, Maps
from ..segmenters.protocol import Segmenter
from .resmem import ResMem

KEY = "segmenter_sha256"


class MapConvolutions(nn.Module):
    """(N, classes, 227, 227) -> (N, features): two convolutions, and the mean over each of `cells` x `cells` parts."""

    def __init__(self, classes: int, *, strides: tuple[int, int], cells: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(classes, 32, 5, strides[0])
        self.conv2 = nn.Conv2d(32, 64, 3, strides[1])
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(cells)
        self.features = 64 * cells**2

    def forward(self, planes: Tensor) -> Tensor:
        """Return the features of a batch of maps."""
        x = self.maxpool(self.relu(self.conv1(planes)))
        out: Tensor = self.avgpool(self.relu(self.conv2(x))).flatten(1)
        return out


PRESETS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "small": {"strides": (4, 2), "cells": 6},  # 2,304 features: fc6 grows by a quarter
        "author-budget": {"strides": (2, 1), "cells": 36},  # 82,944: about 500 million parameters
    }
)


class TripleMem(ResMem):
    """(N, 3, 227, 227) RGB in 0..1 -> (N, 1) memorability in 0..1; without a segmenter it is ResMem.

    `branch` names one of `PRESETS`, `maps` what the convolutions are fed, and everything else is ResMem's. The
    segmenter is frozen (`Frozen`): neither a child nor in the state dict, which has its SHA-256 instead, so that
    weights are not loaded beside another segmenter than they were trained with.
    """

    segmenter: Frozen | None = None

    def __init__(
        self,
        segmenter: Segmenter | None = None,
        *,
        branch: str = "small",
        maps: Maps = "one-hot",
        **resmem: Any,
    ) -> None:
        if branch not in PRESETS:
            raise InvalidNetError(f"branch is {branch!r}; it may be {' or '.join(PRESETS)}")
        if segmenter is None:
            super().__init__(**resmem)
            return
        frozen = Frozen(segmenter, maps=maps)
        convolutions = MapConvolutions(frozen.num_classes, **PRESETS[branch])
        super().__init__(more_features=convolutions.features, **resmem)
        self.segmenter, self.segmentation = frozen, convolutions
        digest = bytearray.fromhex(frozen.fingerprint())
        self.register_buffer(KEY, torch.tensor(list(digest), dtype=torch.uint8))

    def forward(self, data: Tensor, maps: Tensor | None = None) -> Tensor:
        """Return the memorability. `maps`, (N, 227, 227) uint8, are the pictures' classes where they are known."""
        return self.joined(self.branches(data, maps))

    def branches(self, data: Tensor, maps: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return what fc6 is fed, in order: AlexNet's, ResNet's and the map's features."""
        found = super().branches(data)
        if self.segmenter is None:
            return found
        return *found, self.segmentation(self.segmenter.planes(data, maps))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move the segmenter along, which is no child."""
        if self.segmenter is not None:
            self.segmenter.apply(fn)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        """Refuse weights that another segmenter was in front of."""
        found = state_dict.get(prefix + KEY)
        own = self.get_buffer(KEY) if self.segmenter is not None else None
        if found is not None and own is not None and not own.is_meta:
            theirs, ours = bytes(found.tolist()).hex(), bytes(own.tolist()).hex()
            if theirs != ours:
                raise WeightsError(
                    f"the weights were trained with another segmenter: its SHA-256 is {theirs}, "
                    f"this one's {ours}"
                )
        super()._load_from_state_dict(state_dict, prefix, *rest)
