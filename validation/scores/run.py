"""`score_checks`: scores of images by the port and by the original, and at which stage they begin to differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converter.errors import FileFormatError
from memnet.crops import Floats

from ..report import Check
from ..traces import Backend, Trace
from .asked import Asked
from .feeds import feed_of, original_rule
from .lot import score_lot
from .source import ALL, Sources, find_pictures
from .table import ScoreTable

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from memnet.network import Rule

FEW = 64
"""Images whose crops are held at once for a recording of blobs: 400 MB of MemNet's ten."""


def score_checks(
    conversion: Conversion | None,
    port: torch.nn.Module | None,
    against: Sequence[str | Path] = ("reference",),
    *,
    sources: Sources,
    port_folder: Path | None = None,
    preprocess: Rule | None = None,
    back_end: Callable[[str], Backend] | None = None,
) -> tuple[list[Check], list[ScoreTable], list[str]]:
    """Return checks of each stage, a table for each lot of images, and what a reader should know.

    `against` are back ends, which score what the original is fed, `reference`, `opencv` or what `back_end` returns;
    and recordings, `.npz`, HDF5 or `.csv` (see `score_files`). `preprocess` is the original's, by default the
    conversion's; the port's own is that of `port_folder`, or its attribute `preprocess`. Without `conversion` and
    `port` all scores are from files.

    Raises:
        CaffeError: images, tables or files of scores cannot be read.
    """
    asked = Asked(conversion, port, against, sources, port_folder, preprocess, back_end)
    lots = [
        score_lot(asked, pictures)
        for pictures in find_pictures(sources, to_run=asked.looks_for_images)
    ]
    tables = [table for lot in lots for table in lot.tables]
    if sources.split == ALL:
        tables = _with_splits(tables, [lot.tables[0] for lot in lots if lot.tables])
    notes = [note for lot in lots for note in lot.notes]
    checks = [check for lot in lots for check in lot.checks_of(len(lots))]
    return checks, tables, list(dict.fromkeys(notes))


def crops_of(
    conversion: Conversion,
    sources: Sources,
    preprocess: Rule | None = None,
    *,
    rows: int = 0,
) -> Trace:
    """Return the crops of a few images as a net's input, one image after the other, one crop or ten each.

    `rows` is how many crops a recording is of: ten are taken where that is more than the images, or by default
    where ten are asked for.

    Raises:
        FileFormatError: more than FEW images, or a net that does not take one image.
    """
    from memnet.images import read_image

    rule = original_rule(conversion, preprocess)
    if rule is None:
        raise FileFormatError("the net does not take one image; give inputs")
    paths = [path for pictures in find_pictures(sources) for path in pictures.paths]
    if len(paths) > FEW:
        raise FileFormatError(f"more than {FEW} images; give fewer, or a recording of scores")
    ten = rows > len(paths) if rows else "ten" in sources.crops
    feed = feed_of(rule, "ten" if ten else "center")
    fed: list[Floats] = []
    for path in paths:
        if path is None:
            raise FileFormatError("there are scores but no images; give --images")
        fed.append(feed(read_image(path)))
    return {conversion.net.inputs[0]: np.concatenate(fed)}


def _with_splits(tables: Sequence[ScoreTable], firsts: Sequence[ScoreTable]) -> list[ScoreTable]:
    """Put on the first table how each column does over the splits."""
    from memnet.statistics import over_splits

    labels = [
        label for label in firsts[0].summaries if all(label in each.summaries for each in firsts)
    ]
    splits = {
        label: over_splits([each.summaries[label].correlation.rho for each in firsts])
        for label in labels
    }
    return [replace(tables[0], splits=splits), *tables[1:]]
