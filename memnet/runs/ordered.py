"""Work done ahead by threads, its results in the order of the items; and how many threads that should be."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int, ahead: int
) -> Iterator[Result]:
    """Yield work(item) for each item, in order; `workers` threads are at most `ahead` results ahead of the consumer.

    Threads suffice: decoders, resizing and torch all let go of the interpreter while they compute. With 0 workers
    everything is done in the caller's thread. What `work` raises is raised here, at that item's place.
    """
    if workers == 0:
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the consumer stops early, or at an interrupt
            for future in waiting:
                future.cancel()


def slices(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield the items in tuples of `size`; the last may be shorter."""
    waiting = iter(items)
    while group := tuple(islice(waiting, size)):
        yield group


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
