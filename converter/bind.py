"""Binding: which stored blob fills which blob of the net (net.cpp, CopyTrainedLayersFrom and ShareTrainedLayers).

By layer name only. A name that the net has twice fills its first layer; a shared blob is filled by the last layer of
the file that has it; a layer that the file lacks keeps its filler, which here must be allowed. A filler that draws at
random needs a seed; each blob then has a generator of its own, so that its numbers do not depend on the other layers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .errors import InvalidNetError, WeightsError, listed
from .fillers import DETERMINISTIC, fill
from .layer import Blob, Stored
from .net import Net
from .weights import Weights

Slot = tuple[int, int]
HINT = (
    "; if Caffe's fillers are wanted, allow missing weights (--allow-missing), or give a seed for those that draw "
    "at random (--init)"
)


@dataclass(frozen=True)
class Bound:
    """Every blob of every step, in Caffe's shapes, and what there is to say about it."""

    blobs: tuple[tuple[Stored, ...], ...]
    unused: tuple[str, ...]
    """Layers of the file with weights that the net does not have."""
    filled: tuple[str, ...]
    """Layers that the file lacks, filled as the net's text says."""
    seed: int | None = None
    """Of the fillers that draw at random, if any may."""

    @property
    def untrained(self) -> str:
        """What must be said of the filled layers: nothing where no filler could draw at random."""
        if self.seed is None or not self.filled:
            return ""
        return f"initialised by fillers, untrained (seed {self.seed})"


def bind(
    net: Net, weights: Weights | None, *, allow_missing: bool = False, seed: int | None = None
) -> Bound:
    """Fill the net's blobs from a file. Raises WeightsError listing everything missing or misshapen.

    `allow_missing` fills what the file lacks where the filler leaves no choice; with a `seed` (0 or more) every
    filler may.
    """
    if seed is not None and seed < 0:
        raise InvalidNetError(f"the seed of the fillers is {seed}; it must be 0 or more")
    binding = _Binding(net, seed)
    if weights is not None:
        for name in weights:
            binding.copy(weights, name)
    filled = binding.fill(allow_missing=allow_missing or seed is not None)
    if binding.problems:
        raise WeightsError(listed(binding.problems) + binding.hint)
    blobs = tuple(
        tuple(binding.array((index, at)) for at in range(len(step.blobs)))
        for index, step in enumerate(net.steps)
    )
    return Bound(blobs=blobs, unused=tuple(binding.unused), filled=filled, seed=seed)


@dataclass
class _Binding:
    net: Net
    seed: int | None
    unused: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hint: str = ""
    """What to do where layers have no weights; said once, behind all problems."""

    def __post_init__(self) -> None:
        self._owner: dict[Slot, Slot] = {share.sharer: share.owner for share in self.net.shares}
        self._arrays: dict[Slot, Stored] = {}
        self._first: dict[str, int] = {}
        self._given: set[int] = set()
        for index, step in enumerate(self.net.steps):
            self._first.setdefault(step.layer.name, index)

    def copy(self, weights: Weights, name: str) -> None:
        """Copy one layer of the file into the first layer of that name."""
        stored = weights.indices(name)
        if name not in self._first:
            if stored:
                self.unused.append(name)
            return
        index = self._first[name]
        wanted = self.net.steps[index].blobs
        if not self._complete(weights, index, stored):
            self.problems.append(
                f"layer {name!r}: the file has {len(stored)} blobs, the net needs {_described(wanted)}"
            )
            return
        self._given.add(index)
        for at in stored:
            try:
                array = weights.fit(name, at, wanted[at].file_shape)
            except WeightsError as error:
                self.problems.append(error.message)
                continue
            self._arrays[self._owner.get((index, at), (index, at))] = array

    def _complete(self, weights: Weights, index: int, stored: tuple[int, ...]) -> bool:
        """Whether the file has each blob of a layer; HDF5 stores a shared blob with its owner alone."""
        absent = set(range(len(self.net.steps[index].blobs))).symmetric_difference(stored)
        shared = all((index, at) in self._owner for at in absent)
        return not absent or (weights.format == "HDF5" and shared)

    def fill(self, *, allow_missing: bool) -> tuple[str, ...]:
        """Apply fillers to what the file lacks; returns the names of those layers."""
        filled = []
        for index, step in enumerate(self.net.steps):
            lacking = [at for at in range(len(step.blobs)) if self._lacks((index, at))]
            if not lacking or index in self._given:
                continue
            if not allow_missing:
                self.problems.append(
                    f"layer {step.layer.name!r}: the file has no weights for it (needs {_described(step.blobs)})"
                )
                self.hint = HINT
                continue
            filled.append(step.layer.name)
            for at in lacking:
                self._fill_one((index, at), step.blobs[at], step.layer.name)
        return tuple(filled)

    def _lacks(self, slot: Slot) -> bool:
        return slot not in self._owner and slot not in self._arrays

    def _fill_one(self, slot: Slot, blob: Blob, layer: str) -> None:
        if self.seed is None and blob.filler.type not in DETERMINISTIC:
            self.problems.append(
                f"layer {layer!r}: {blob.key} is missing from the file and its filler {blob.filler.type!r} is random; "
                f"no value of it is the right one; for a net to train, give a seed (--init)"
            )
            return
        generator = np.random.default_rng((self.seed or 0, *slot))
        try:
            self._arrays[slot] = fill(blob.filler, blob.file_shape, generator)
        except InvalidNetError as error:
            self.problems.append(f"layer {layer!r}: {blob.key}: {error.message}")

    def array(self, slot: Slot) -> Stored:
        """Return a blob, in its own shape where a permissive share has another."""
        owner = self._owner.get(slot, slot)
        shape = self.net.steps[slot[0]].blobs[slot[1]].shape
        return self._arrays[owner].reshape(shape)


def _described(blobs: tuple[Blob, ...]) -> str:
    return ", ".join(f"{blob.key} {blob.file_shape}" for blob in blobs) or "none"
