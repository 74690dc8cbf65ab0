"""In which order images are shown: a function of (seed, epoch) alone, shared out over devices, resumable anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from .pictures import Key

_ORDER = 4  # keeps these random numbers apart from others with the same seed


class Batches(Sampler[list[Key]]):
    """Batches of (epoch, index) for one device of `world`.

    An epoch has whole steps alone, each of `accumulate` batches on every device; the images that remain are left to the
    next epoch's order. The batches of all devices at one place are, in the order of the ranks, the batch that one
    device with `world` times the size would have. `start` is the (epoch, batches already done) to begin with.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        *,
        seed: int,
        accumulate: int = 1,
        world: int = 1,
        rank: int = 0,
        start: tuple[int, int] = (0, 0),
    ) -> None:
        self.count, self.batch_size, self.seed = count, batch_size, seed
        self.world, self.rank = world, rank
        self.start = start
        self.epoch = start[0]
        self.steps = count // (batch_size * world * accumulate)
        self._batches = self.steps * accumulate
        self.sampler = self  # where Lightning looks for set_epoch

    def __len__(self) -> int:
        """Batches in a whole epoch, also in one that was begun before."""
        return self._batches

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next iteration."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[Key]]:
        epoch = self.epoch
        order = np.random.default_rng([self.seed, epoch, _ORDER]).permutation(self.count)
        done = self.start[1] if epoch == self.start[0] else 0
        for at in range(done, self._batches):
            begin = (at * self.world + self.rank) * self.batch_size
            yield [(epoch, int(index)) for index in order[begin : begin + self.batch_size]]


class Shard(Sampler[list[Key]]):
    """Every image once, in order, for validation: those of one device of `world`."""

    def __init__(self, count: int, batch_size: int, *, world: int = 1, rank: int = 0) -> None:
        self.own = range(rank, count, world)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.own) / self.batch_size)

    def __iter__(self) -> Iterator[list[Key]]:
        for begin in range(0, len(self.own), self.batch_size):
            yield [(0, index) for index in self.own[begin : begin + self.batch_size]]
