"""The finished files: scores as CSV or Parquet, features as NumPy or Parquet. Complete or absent."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter.errors import FileFormatError, OutputError
from converter.files.whole import whole

from ..choice import Identity
from .journal import Entry, Journal
from .ordered import slices

if TYPE_CHECKING:
    import pyarrow as pa

Write: TypeAlias = "Callable[[Path, Sequence[str], Journal, Identity], None]"

HEADER = ("image", "score", "error")
GROUP = 1024
"""Rows of a Parquet row group."""


def write_csv(path: Path, names: Sequence[str], journal: Journal, _identity: Identity) -> None:
    """Write image, score and error; a score is the shortest decimal of its float32."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_csv_row(name, journal.entries[name]) for name in names)


def _csv_row(name: str, entry: Entry) -> tuple[str, str, str]:
    score = "" if entry.score is None else str(np.float32(entry.score))
    return name, score, entry.error or ""


def read_csv(path: Path) -> Iterator[tuple[str, Entry]]:
    """Yield what `write_csv` wrote. Raises FileFormatError for another CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        if tuple(next(rows, ())) != HEADER:
            raise FileFormatError(f"{path}: has other columns than {', '.join(HEADER)}")
        for name, score, error in rows:
            yield name, Entry(float(score) if score else None, error or None)


def write_parquet(path: Path, names: Sequence[str], journal: Journal, identity: Identity) -> None:
    """Write the columns of `schema`, in row groups."""
    pq = parquet()
    layout = schema(identity, journal.shape)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, layout) as writer:
        for group in slices(names, GROUP):
            entries = [journal.entries[name] for name in group]
            features = [None if one.at is None else journal.features(one.at) for one in entries]
            writer.write_table(table(group, entries, features, identity, layout))


def read_parquet(path: Path) -> Iterator[tuple[str, Entry]]:
    """Yield the ids, scores and errors that `write_parquet` wrote."""
    with parquet().ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP, columns=["id", "score", "error"]):
            for row in batch.to_pylist():
                yield row["id"], Entry(row["score"], row["error"])


def schema(identity: Identity, shape: tuple[int, ...] = ()) -> pa.Schema:
    """Return the columns of every Parquet output; features are flattened in C order, their shape is metadata.

    A calibration, if any, is metadata of the scores.
    """
    import pyarrow as pa

    features, calibration = identity.features, identity.calibration
    made = None if calibration == "raw" else {"calibration": calibration}
    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), metadata=made),
        *(
            pa.field(name, pa.string(), nullable=False)
            for name in ("model", "weights_sha256", "crops", "preprocess_version")
        ),
        pa.field("error", pa.string()),
    ]
    if features is not None:
        shown = {"shape": ",".join(map(str, shape))}
        fields.append(pa.field(features, pa.list_(pa.float32()), metadata=shown))
    return pa.schema(fields)


def table(
    names: Sequence[str],
    entries: Sequence[Entry],
    features: Sequence[np.ndarray[Any, Any] | None],
    identity: Identity,
    layout: pa.Schema,
) -> pa.Table:
    """Return rows as a table of this schema."""
    import pyarrow as pa

    count = len(names)
    columns: dict[str, Any] = {
        "id": list(names),
        "score": [entry.score for entry in entries],
        "model": [identity.model] * count,
        "weights_sha256": [identity.weights_sha256] * count,
        "crops": [identity.crops] * count,
        "preprocess_version": [identity.preprocess_version] * count,
        "error": [entry.error for entry in entries],
    }
    if identity.features is not None:
        columns[identity.features] = [None if one is None else one.reshape(-1) for one in features]
    return pa.table([columns[name] for name in layout.names], schema=layout)


def write_npy(path: Path, names: Sequence[str], journal: Journal, identity: Identity) -> None:
    """Write the features, (N, ...) float32 with NaN where there are none, and beside them the CSV that names rows."""
    missing = np.full(journal.shape, np.nan, "<f4")
    shape = (len(names), *journal.shape)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    write_csv(index_path(path), names, journal, identity)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for name in names:
            at = journal.entries[name].at
            file.write((missing if at is None else journal.features(at)).tobytes())


def index_path(path: Path) -> Path:
    """Return the CSV that goes with a `.npy`."""
    return path.with_suffix(".csv")


WRITERS: dict[str, Write] = {".csv": write_csv, ".parquet": write_parquet, ".npy": write_npy}
READERS = {".csv": read_csv, ".parquet": read_parquet}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` if all goes well, and is removed otherwise. Raises OutputError."""
    try:
        with whole(path) as temporary:
            yield temporary
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def parquet() -> Any:
    """Return pyarrow.parquet. Raises ModuleNotFoundError that says what to install."""
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Parquet needs pyarrow: pip install 'convert-caffemodel[scale]'", name="pyarrow"
        ) from None
    return pq
