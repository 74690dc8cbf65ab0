"""One shard, from its images to its finished Parquet file: what a worker does, in this process or on a cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from converter.errors import CaffeError, FileFormatError

from ..choice import Identity
from .journal import Entry
from .outputs import parquet, schema, table
from .places import Place
from .shards import Columns, Shard

if TYPE_CHECKING:
    from .engine import Scorer
    from .file_run import OnError
    from .stream import Row

ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before the second attempt; twice as many before the third."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a shard: its file is written, or it `failed` with a message."""

    index: int
    rows: int = 0
    errors: tuple[str, ...] = ()
    """`id: error` of images that could not be read."""
    failed: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShardWorker:
    """Callable on shards; picklable, and the scorer loads its model at the first one."""

    scorer: Scorer
    identity: Identity
    out: str
    columns: Columns
    on_error: OnError = "record"
    base: str = field(default_factory=os.getcwd)
    """What relative paths of images start from, on every machine."""

    def __call__(self, shard: Shard) -> Done:
        """Score a shard and write its file; a storage that fails is tried again. Never raises for its input."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._write(shard)
            except CaffeError as error:
                return Done(index=shard.index, failed=str(error))
            except OSError as error:  # pyarrow's errors of storage, too
                failed = f"{shard.name}: {error} ({attempt} attempts)"
            if attempt < ATTEMPTS:
                time.sleep(attempt * PAUSE)
        return Done(index=shard.index, failed=failed)

    def _write(self, shard: Shard) -> Done:
        import pyarrow as pa

        try:
            rows = list(self._rows(shard))
        except pa.ArrowInvalid as error:
            raise FileFormatError(f"{shard.file}: cannot be read as Parquet ({error})") from error
        Place(self.out).write(shard.name, self._to_parquet(rows))
        errors = tuple(f"{row.id}: {row.error}" for row in rows if row.error is not None)
        return Done(index=shard.index, rows=len(rows), errors=errors)

    def _rows(self, shard: Shard) -> Iterator[Row]:
        at_once = self.scorer.network.pictures_at_once
        for row in self.scorer.rows(shard.items(self.columns, at_once, self.base)):
            if row.error is not None and self.on_error == "fail":
                raise FileFormatError(row.error).within(row.id)
            yield row

    def _to_parquet(self, rows: list[Row]) -> bytes:
        """Return the file's bytes: a shard of scores is small, and one of features is meant to be."""
        shapes = [row.features.shape for row in rows if row.features is not None]
        layout = schema(self.identity, shapes[0] if shapes else ())
        made = table(
            [row.id for row in rows],
            [Entry(None if row.score is None else float(row.score), row.error) for row in rows],
            [row.features for row in rows],
            self.identity,
            layout,
        )
        buffer = BytesIO()
        parquet().write_table(made, buffer)
        return buffer.getvalue()
