"""What the weights that a run begins with have seen, written down while they are there: they may be moved or lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converter.files.sniff import Kind, identify

from ..comparison.origins import Origin, seen_before
from .checkpoints import OURS, read_checkpoint
from .errors import TrainingError


def record_of(weights: str) -> dict[str, Any]:
    """Return `seen` (lines of seen.txt), `told` and `trained_on` as `Origin` has them."""
    origin = _of_checkpoint(Path(weights)) or seen_before(weights)
    return {
        "seen": sorted(origin.images),
        "told": dict(origin.told),
        "trained_on": origin.trained_on,
    }


def _of_checkpoint(path: Path) -> Origin | None:
    """Return what a checkpoint of a run says; None of another file, or one that was written before they said it."""
    if not path.is_file() or identify(path) is not Kind.PYTORCH:
        return None
    try:
        held = read_checkpoint(path)[OURS]
    except TrainingError:
        return None
    if "seen" not in held:
        return None
    before = held["start"]
    images = frozenset(held["seen"].splitlines()) | frozenset(before.get("seen", ()))
    return Origin(trained_on=path.name, images=images, told=before.get("told", {}))
