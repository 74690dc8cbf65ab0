"""`memnet predict` on one machine, to a table or one file; an interrupted run to a file goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from converter.errors import FileFormatError, OutputError

from ..choice import Choice, Identity
from ..network import Network
from ..progress import Progress, columns, one_line
from .journal import Journal
from .manifest import Manifest, write_whole
from .ordered import slices
from .outputs import READERS, WRITERS, index_path, parquet
from .stream import Row, score_groups

OnError = Literal["record", "fail"]
WIDEST = 72
"""Longest name that widens the table, which is eight columns wider."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a run goes about it; none of this changes a score by more than rounding."""

    workers: int = 0
    on_error: OnError = "record"
    quiet: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many pictures an output holds, and how many of them are errors."""

    pictures: int
    errors: int


def print_table(network: Network, names: Sequence[str], manner: Manner) -> Tally:
    """Print a line for each picture as it is scored."""
    width = max(5, *(min(columns(one_line(name)), WIDEST) for name in names))
    errors = 0
    with Progress(len(names), quiet=manner.quiet) as progress:
        progress.show(f"{'image':<{width}}   score")
        for rows in _scored(network, names, (), manner):
            for row in rows:
                shown = "     -" if row.score is None else f"{row.score:.4f}"
                name = one_line(row.id)
                progress.show(f"{name}{' ' * (width - columns(name))}  {shown}")
            errors += _tell(rows, progress)
    return Tally(pictures=len(names), errors=errors)


def _tell(rows: Sequence[Row], progress: Progress) -> int:
    """Count a batch and name its broken files; returns how many."""
    broken = [row for row in rows if row.error is not None]
    for row in broken:
        progress.say(f"{row.id}: {row.error}")
    progress.advance(len(rows))
    return len(broken)


def write_file(choice: Choice, names: Sequence[str], out: Path, manner: Manner) -> Tally:
    """Score into `out`, whose suffix tells its kind; goes on with what is there of the same identity.

    Raises:
        OutputError: `out` was begun with other settings, was not made by this, or cannot be written.
    """
    if not out.parent.is_dir():
        raise OutputError(f"{out}: the folder {out.parent} does not exist")
    if out.suffix.lower() == ".parquet":
        parquet()  # lacking, it is told here and not after the last picture
    journal = Journal(out)
    with journal.locked():
        _prepare_place(out, journal, force=manner.force)
        network = choice.network()
        identity = choice.identity(network)
        _take_up(journal, out, identity, names)
        if not out.exists() or any(name not in journal.entries for name in names):
            _compute(network, names, journal, manner)
            kept = dict.fromkeys(names) | dict.fromkeys(journal.entries)  # also of earlier sources
            WRITERS[out.suffix.lower()](out, list(kept), journal, identity)
        journal.remove()
    errors = sum(entry.error is not None for entry in journal.entries.values())
    return Tally(pictures=len(journal.entries), errors=errors)


def _prepare_place(out: Path, journal: Journal, *, force: bool) -> None:
    """Refuse, or with `force` remove, what is in the way."""
    ours = [out, manifest_path(out)]
    if out.suffix.lower() == ".npy":
        ours.append(index_path(out))
    if force:
        journal.remove()
        for path in ours:
            path.unlink(missing_ok=True)
    taken = [path for path in ours if path.exists()]
    if not journal.is_empty:
        taken.append(journal.path)
    if taken and not manifest_path(out).exists():
        raise OutputError(
            f"{taken[0]}: exists, and has no manifest to go on by; take another --out, or --force"
        )


def manifest_path(out: Path) -> Path:
    """Return where the manifest of an output stands."""
    return out.with_name(f"{out.name}.manifest.json")


def _take_up(journal: Journal, out: Path, identity: Identity, names: Sequence[str]) -> None:
    """Fill the journal with the rows that are there already; writes the manifest where the run begins."""
    inputs = None if identity.features is None else digest(names)  # rows of features are numbered
    manifest, path = Manifest(identity=identity, inputs_sha256=inputs), manifest_path(out)
    if out.exists() or not journal.is_empty:
        manifest.check(path.read_bytes(), path, out)
    else:
        write_whole(path, manifest.to_json())
    journal.open()
    if out.exists():
        rows = READERS.get(out.suffix.lower(), READERS[".csv"])
        done = rows(index_path(out) if out.suffix.lower() == ".npy" else out)
        journal.entries = dict(done) | journal.entries


def digest(names: Sequence[str]) -> str:
    """Return what tells lists of names apart, order included."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()


def _compute(network: Network, names: Sequence[str], journal: Journal, manner: Manner) -> None:
    done = sum(name in journal.entries for name in names)
    with Progress(len(names), done=done, quiet=manner.quiet) as progress:
        if done:
            progress.say(f"{done:,} of {len(names):,} images are done already; going on")
        for rows in _scored(network, names, journal.entries.keys(), manner):
            journal.append(rows)
            _tell(rows, progress)


def _scored(
    network: Network, names: Sequence[str], done: Container[str], manner: Manner
) -> Iterator[list[Row]]:
    """Yield rows by batches, which are cut from the whole list so that a run that goes on has the same ones."""
    groups = (
        [(name, Path(name)) for name in group if name not in done]
        for group in slices(names, network.pictures_at_once)
    )
    for rows in score_groups(network, groups, workers=manner.workers):
        if manner.on_error == "fail":
            _refuse_broken(rows)
        yield rows


def _refuse_broken(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.error is not None:
            raise FileFormatError(row.error).within(row.id)
