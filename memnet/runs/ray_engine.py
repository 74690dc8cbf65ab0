"""The shards by Ray Data: a pool of actors, each with one replica of the model, on one machine or a cluster.

What travels through Ray are descriptions of shards and counts; images and scores go between storage and actor. So
nothing piles up in Ray's object store, and a shard that is done again, because its actor died, is the same file again.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from converter.errors import UnsupportedError

from .shard_work import Done, ShardWorker
from .shards import Shard

RESTARTS = 10
"""Of one actor, before the run gives up; Ray's own default never does."""
RETRIES = 3
"""Of a shard whose actor died."""
MOST_BLOCKS = 10_000
"""Pieces of the list of shards that Ray hands out; it is slow with many more."""


def run_ray(
    worker: ShardWorker, shards: Sequence[Shard], *, actors: int | None = None
) -> Iterator[Done]:
    """Yield what became of each shard, as they finish.

    Ray is joined where it runs already (RAY_ADDRESS, or a cluster on this machine), else started here. `actors` is by
    default every free CPU but one, or one for each free GPU.

    Raises:
        UnsupportedError: there are not enough free CPUs; said at once, for Ray itself would wait for ever.
        ModuleNotFoundError: Ray is not installed.
    """
    if not shards:
        return
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False, logging_level="error")
    try:
        gpus = 1 if _on_gpu(worker, ray) else 0
        pool = pool_size(ray.available_resources(), gpus=gpus, wanted=actors)
        yield from _results(ray, worker, shards, pool=pool, gpus=gpus)
    finally:
        if started:
            ray.shutdown()


def pool_size(free: dict[str, float], *, gpus: int = 0, wanted: int | None = None) -> int:
    """Return how many actors of one CPU (and so many GPUs) to run on what is free.

    One CPU is left to Ray's own tasks: with all taken by actors, these wait for input that never comes.
    """
    cpus = int(free.get("CPU", 0)) - 1
    if cpus < 1:
        raise UnsupportedError(
            f"Ray has {cpus + 1} free CPUs; it needs 2 at least, one for a model and one for its own tasks"
        )
    most = cpus if not gpus else min(cpus, int(free.get("GPU", 0)) // gpus)
    if not 1 <= (wanted or most) <= most:
        raise UnsupportedError(
            f"Ray has room for {most} workers beside its own tasks; --workers asks for {wanted or 1}"
        )
    return wanted or most


def _on_gpu(worker: ShardWorker, ray: Any) -> bool:
    device = worker.scorer.choice.device
    return device.startswith("cuda") or (
        device == "auto" and ray.available_resources().get("GPU", 0) >= 1
    )


def _results(
    ray: Any,
    worker: ShardWorker,
    shards: Sequence[Shard],
    *,
    pool: int,
    gpus: int,
) -> Iterator[Done]:
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # below, it tells of its own progress
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    texts = [{"shard": shard.to_json()} for shard in shards]
    with warnings.catch_warnings():
        # restarts and retries have no parameter of their own, which Ray 2.60 calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        done = ray.data.from_items(
            texts, override_num_blocks=min(len(texts), MOST_BLOCKS)
        ).map_batches(
            Actor,
            fn_constructor_args=(worker,),
            batch_size=1,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=pool),
            num_cpus=1,
            num_gpus=gpus or None,
            max_restarts=RESTARTS,
            max_task_retries=RETRIES,
        )
    for row in done.iter_rows():
        record = json.loads(row["done"])
        yield Done(**record | {"errors": tuple(record["errors"])})


class Actor:
    """What lives in a worker process of Ray."""

    def __init__(self, worker: ShardWorker) -> None:
        self._worker = worker

    def __call__(self, batch: Any) -> Any:
        """Work on a column of shards; returns a column of `Done`, both as JSON."""
        shards = map(Shard.from_json, map(str, batch["shard"]))
        return {"done": [json.dumps(asdict(self._worker(shard))) for shard in shards]}


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "--engine ray needs Ray Data: pip install 'convert-caffemodel[scale]'", name="ray"
        ) from None
    return ray
