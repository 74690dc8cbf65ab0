"""Images as a network is fed them: resized once, cut at random or at the centre, perhaps mirrored.

Where a training image is cut is a function of (seed, epoch, image) alone, so that neither the number of workers nor an
interruption changes what an epoch shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from converter.errors import CaffeError, FileFormatError, listed

from ..crops import Floats
from ..images import read_image
from ..network import Rule
from ..networks.resmem_preprocess import CUT, ResMemPreprocess, resized
from ..runs.ordered import usable_cpus
from ..segmenters.cache import SegmentationCache
from .mixture import Example

Key: TypeAlias = tuple[int, int]
"""(epoch, index of the image)"""
Planes: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Sample: TypeAlias = tuple[Tensor, float, int, str, Tensor | None]
"""Picture, score, index, what is wrong with the file, and the picture's map."""

_CROPS = 3  # keeps these random numbers apart from others with the same seed


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step of a device is fed."""

    data: Tensor
    """(N, 3, 227, 227) float32"""
    scores: Tensor
    """(N,) float32"""
    indices: Tensor
    """(N,) int64"""
    maps: Tensor | None = None
    """(N, 227, 227) uint8 for TripleMem: what each pixel shows, where that is known."""
    errors: tuple[str, ...] = ()
    """Images that could not be read; then the batch is not to be used."""

    def pin_memory(self) -> Batch:
        """Return the same in page-locked memory, as torch's loader asks of its own."""
        maps = None if self.maps is None else self.maps.pin_memory()
        return replace(
            self, data=self.data.pin_memory(), scores=self.scores.pin_memory(), maps=maps
        )


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What training adds to the centre crop."""

    seed: int
    random_crop: bool = False
    mirror: bool = False


class Pictures(Dataset[Sample]):
    """Indexed by (epoch, index); an image that cannot be read gives its message, which names the file."""

    def __init__(
        self,
        examples: Sequence[Example],
        rule: Rule,
        augmentation: Augmentation | None = None,
        *,
        maps: SegmentationCache | None = None,
    ) -> None:
        self.examples = examples
        self.rule = rule
        self.augmentation = augmentation
        self.maps = maps
        self._held: list[Planes] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def hold(self) -> None:
        """Keep every resized image in memory from now on. Raises FileFormatError that names all that cannot be read."""
        with ThreadPoolExecutor(usable_cpus()) as threads:
            found = list(threads.map(self._planes_or_error, range(len(self))))
        errors = [each for each in found if isinstance(each, str)]
        if errors:
            raise FileFormatError(listed(errors))
        self._held = [each for each in found if not isinstance(each, str)]

    def _planes_or_error(self, index: int) -> Planes | str:
        try:
            return self._planes(index)
        except CaffeError as error:
            return str(error)

    def __getitem__(self, key: Key) -> Sample:
        epoch, index = key
        try:
            planes = self._planes(index) if self._held is None else self._held[index]
        except CaffeError as error:
            return torch.empty(0), 0.0, index, str(error), None
        fed = self._cut(planes, epoch, index)
        known = None if self.maps is None else self.maps.known(fed)
        return torch.from_numpy(fed), self.examples[index].score, index, "", known

    def _planes(self, index: int) -> Planes:
        return resize(self.rule, self.examples[index].path)

    def _cut(self, planes: Planes, epoch: int, index: int) -> Floats:
        how = self.augmentation
        if how is None:
            return cut(self.rule, planes)
        generator = np.random.default_rng([how.seed, epoch, index, _CROPS])
        across, down, mirror = generator.random(3)
        return cut(
            self.rule,
            planes,
            place=(down, across) if how.random_crop else None,
            mirrored=how.mirror and mirror < 0.5,
        )


def resize(rule: Rule, path: Path) -> Planes:
    """Return an image as the rule resizes it, (3, H, W): 8-bit for ResMem's rule, else float32."""
    image = read_image(path)
    if isinstance(rule, ResMemPreprocess):
        return np.ascontiguousarray(resized(image).transpose(2, 0, 1))
    return rule.planes(image)


def cut(
    rule: Rule, planes: Planes, place: tuple[float, float] | None = None, *, mirrored: bool = False
) -> Floats:
    """Return a crop as the net is fed it, (3, 227, 227): the centre, or `place` of 0..1 down and across the margin."""
    own = CUT if isinstance(rule, ResMemPreprocess) else rule
    top, left = own.centre(planes.shape)
    if place is not None:
        rest = own.margins(planes.shape)
        top, left = (int(share * (margin + 1)) for share, margin in zip(place, rest, strict=True))
    fed = own.cut(planes.astype(np.float32, copy=False), top, left, mirrored=mirrored)
    return fed / np.float32(255) if isinstance(rule, ResMemPreprocess) else fed


def collate(samples: Sequence[Sample]) -> Batch:
    """Return one batch of samples."""
    errors = tuple(error for _, _, _, error, _ in samples if error)
    if errors:
        return Batch(
            data=torch.empty(0), scores=torch.empty(0), indices=torch.empty(0), errors=errors
        )
    return Batch(
        data=torch.stack([data for data, *_ in samples]),
        scores=torch.tensor([score for _, score, *_ in samples], dtype=torch.float32),
        indices=torch.tensor([index for _, _, index, *_ in samples]),
        maps=torch.stack(maps)
        if (maps := [each for *_, each in samples if each is not None])
        else None,
    )


def unreadable(examples: Sequence[Example], *, decode: bool) -> dict[Path, str]:
    """Return {path: what is wrong} of images that cannot be read: by their headers, or by decoding all of each."""
    look = _decoded if decode else _opened
    with ThreadPoolExecutor(usable_cpus()) as threads:
        found = threads.map(look, [each.path for each in examples])
        return {
            each.path: said for each, said in zip(examples, found, strict=True) if said is not None
        }


def _decoded(path: Path) -> str | None:
    try:
        read_image(path)
    except CaffeError as error:
        return str(error)
    return None


def _opened(path: Path) -> str | None:
    """Read the header alone: some 0.1 ms, and it tells what is no image, empty, or a web page in disguise."""
    from PIL import Image

    try:
        with Image.open(path):
            return None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return _decoded(path)  # for the message
