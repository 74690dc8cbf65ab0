"""`memnet predict --out DIR`: shards that are not there yet, by this process or by Ray."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from converter.errors import OutputError

from ..choice import Choice
from ..progress import Progress
from .engine import Scorer
from .file_run import Manner, Tally
from .manifest import Manifest
from .outputs import parquet
from .places import Place
from .shard_work import Done, ShardWorker
from .shards import Columns, Shard

MANIFEST = "_manifest.json"
"""Readers of a folder of Parquet (pyarrow, pandas, Spark) pass over names with an underscore."""
Engine = Literal["local", "ray"]


def run_shards(
    choice: Choice,
    shards: Sequence[Shard],
    out: str,
    columns: Columns,
    *,
    engine: Engine = "local",
    manner: Manner,
    actors: int | None = None,
) -> Tally:
    """Write the shards that `out` lacks; `actors` is how many replicas of the model Ray shall run.

    Raises:
        OutputError: `out` was begun with other settings or images, or some shards failed; all are listed.
    """
    place = Place(out)
    place.make_folder()
    local = Scorer(choice, workers=manner.workers)
    identity = local.identity
    manifest = Manifest(
        identity=identity,
        inputs_sha256=plan_digest(shards, columns),
        inputs="images, columns or --shard-size",
    )
    done = _begin(place, manifest, force=manner.force)
    missing = [shard for shard in shards if shard.name not in done]
    scorer = local if engine == "local" else Scorer(choice.absolute(), expected=identity)
    worker = ShardWorker(
        scorer=scorer,
        identity=identity,
        out=place.absolute,
        columns=columns,
        on_error=manner.on_error,
    )
    if engine == "ray":
        from .ray_engine import run_ray

        results: Iterable[Done] = run_ray(worker, missing, actors=actors)
    else:
        results = map(worker, missing)
    _follow(results, shards, len(missing), manner)
    return _tally(place, shards)


def plan_digest(shards: Sequence[Shard], columns: Columns) -> str:
    """Return what tells one division into shards from another."""
    state = hashlib.sha256(json.dumps([columns.id, columns.bytes]).encode())
    for shard in shards:
        state.update(f"{shard.to_json()}\n".encode())
    return state.hexdigest()


def _begin(place: Place, manifest: Manifest, *, force: bool) -> set[str]:
    """Write the manifest, or go on by the one that is there; returns the names of finished shards."""
    names = place.names()
    ours = {name for name in names if name == MANIFEST or name.startswith("part-")}
    if force:
        for name in ours:
            place.remove(name)
        ours = set()
    if MANIFEST in ours:
        manifest.check(place.read(MANIFEST), f"{place.absolute}/{MANIFEST}", place.absolute)
    elif ours:
        raise OutputError(
            f"{place.absolute}: has shards but no {MANIFEST} to go on by; take another --out, or --force"
        )
    else:
        try:
            place.write(MANIFEST, manifest.to_json().encode())
        except OSError as error:
            raise OutputError(f"{place.absolute}: cannot be written ({error})") from error
    return ours


def _follow(results: Iterable[Done], shards: Sequence[Shard], missing: int, manner: Manner) -> None:
    """Count what is done and name what is broken. Raises OutputError where shards failed."""
    total = sum(shard.rows for shard in shards)
    failed: list[str] = []
    with Progress(total, quiet=manner.quiet) as progress:
        if missing < len(shards):
            progress.say(f"{len(shards) - missing} of {len(shards)} shards are done; going on")
        for done in results:
            for error in done.errors:
                progress.say(error)
            if done.failed is not None:
                failed.append(done.failed)
                if manner.on_error == "fail":
                    break
            progress.advance(done.rows)
    if failed:
        raise OutputError(
            f"{len(failed)} of {len(shards)} shards failed; run the same command again for what is not written:"
            + "".join(f"\n  {one}" for one in sorted(failed))
        )


def _tally(place: Place, shards: Sequence[Shard]) -> Tally:
    """Count the rows and errors of all finished shards, by what their footers say."""
    pictures = errors = 0
    for shard in shards:
        with place.filesystem.open_input_file(f"{place.path}/{shard.name}") as file:
            metadata = parquet().ParquetFile(file).metadata
        pictures += metadata.num_rows
        errors += sum(_errors(metadata, at) for at in range(metadata.num_row_groups))
    return Tally(pictures=pictures, errors=errors)


def _errors(metadata: Any, at: int) -> int:
    """Count the errors of a row group, by its footer's statistics."""
    group, column = metadata.row_group(at), metadata.schema.names.index("error")
    count: int = group.num_rows - group.column(column).statistics.null_count
    return count
