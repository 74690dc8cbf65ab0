"""Shards: pieces of the input, each of which becomes one Parquet file, whoever works on it and however often.

A shard is a run of image files, or some consecutive row groups of one Parquet file. Which is which depends on the input
and the shard size alone, so that a run that goes on, on another machine or engine, has the same shards.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import FileFormatError

from .ordered import slices
from .outputs import parquet
from .places import Place
from .sources import COLUMN, find_images, in_folder

if TYPE_CHECKING:
    from .stream import Item

PARQUET = (".parquet", ".pq")
BINARY = frozenset({"binary", "large_binary", "binary_view"})
"""Arrow's types of bytes. A text would be taken for a path, and opened."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names in Parquet input: of the ids, and of the bytes of image files."""

    id: str = "id"
    bytes: str = "bytes"


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Images by path, or row groups of a Parquet file."""

    index: int
    rows: int
    paths: tuple[str, ...] = ()
    file: str = ""
    row_groups: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The output's file name; sorted by it, shards are in the order of the input."""
        return f"part-{self.index:06d}.parquet"

    def to_json(self) -> str:
        """Return the shard as a text that travels."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Shard:
        """Return what `to_json` wrote."""
        record = json.loads(text)
        return Shard(**record | {key: tuple(record[key]) for key in ("paths", "row_groups")})

    def items(self, columns: Columns, at_once: int, base: str = "") -> Iterator[Item]:
        """Yield the id and the file or bytes of each image; at most `at_once` images are read ahead.

        Relative paths start from `base`.
        """
        if not self.file:
            yield from ((name, Path(base, name)) for name in self.paths)
            return
        place = Place(self.file)
        with place.filesystem.open_input_file(place.path) as file:
            opened = parquet().ParquetFile(file)
            wanted = [columns.id, columns.bytes]
            batches = opened.iter_batches(at_once, row_groups=list(self.row_groups), columns=wanted)
            for batch in batches:
                ids, blobs = batch.column(columns.id), batch.column(columns.bytes)
                if ids.null_count:
                    raise FileFormatError(
                        f"{self.file}: column {columns.id!r} holds nulls; every image needs an id"
                    )
                yield from (
                    (str(name.as_py()), blob.as_py() or b"")
                    for name, blob in zip(ids, blobs, strict=True)
                )


def plan(
    sources: Sequence[str],
    size: int,
    columns: Columns | None = None,
    *,
    column: str = COLUMN,
    root: str | None = None,
) -> list[Shard]:
    """Return the shards of `sources`: those of `find_images`, and Parquet files or folders that hold some.

    A shard has `size` images, or of Parquet as many whole row groups as hold at most that, but one at least.

    Raises:
        FileFormatError: a source holds nothing, or is no Parquet file with these columns.
    """
    pieces: list[dict[str, Any]] = []
    images: list[str] = []
    for source in sources:
        files = _parquet_files(source)
        for file in files:
            pieces += _of_parquet(file, size, columns or Columns())
        if not files:
            images.append(source)
    if images:
        found = find_images(images, column=column, root=root)
        pieces += [{"paths": group, "rows": len(group)} for group in slices(found, size)]
    if not pieces:
        raise FileFormatError(f"{', '.join(sources)}: holds no rows")
    return [Shard(index=index, **piece) for index, piece in enumerate(pieces)]


def _parquet_files(source: str) -> list[str]:
    """Return a Parquet file, or those in a folder, sorted; [] for anything else."""
    if source.endswith(PARQUET):
        is_pattern = glob.has_magic(source) and "://" not in source and not Path(source).exists()
        return sorted(glob.glob(source, recursive=True)) if is_pattern else [source]  # noqa: PTH207
    folder = Path(source)
    if not folder.is_dir():
        return []
    found = sorted(str(path) for path in folder.iterdir() if path.suffix in PARQUET)
    if found and any(True for _ in in_folder(folder)):
        raise FileFormatError(f"{source}: holds both Parquet and images; name the ones to score")
    return found


def _of_parquet(source: str, size: int, columns: Columns) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    place = Place(source)
    try:
        with place.filesystem.open_input_file(place.path) as file:
            opened = parquet().ParquetFile(file)
            metadata, layout = opened.metadata, opened.schema_arrow
    except (OSError, pa.ArrowException) as error:
        raise FileFormatError(f"{source}: cannot be read as Parquet ({error})") from error
    _check_columns(source, {field.name: str(field.type) for field in layout}, columns)
    counts = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    for groups in _packed(counts, size):
        if rows := sum(counts[at] for at in groups):
            yield {"file": place.absolute, "row_groups": groups, "rows": rows}


def _check_columns(source: str, types: Mapping[str, str], columns: Columns) -> None:
    lacking = {columns.id, columns.bytes} - types.keys()
    if lacking:
        raise FileFormatError(
            f"{source}: has no column {', '.join(sorted(lacking))}, but {', '.join(types)}; "
            "name them with --id-column and --bytes-column"
        )
    found = types[columns.bytes]
    if found not in BINARY:
        raise FileFormatError(
            f"{source}: column {columns.bytes!r} holds {found}, where bytes of image files (binary) are wanted; "
            "name another with --bytes-column"
        )


def _packed(counts: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    """Yield consecutive indices whose counts sum to at most `size`, or single ones."""
    group: list[int] = []
    for at, count in enumerate(counts):
        if group and sum(counts[one] for one in group) + count > size:
            yield tuple(group)
            group = []
        group.append(at)
    if group:
        yield tuple(group)
