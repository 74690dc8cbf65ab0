"""`DataSet`: images with their measured memorability, in the table's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class Item:
    """One image: where it is, and what was measured."""

    path: Path
    score: float
    """0 to 1; higher is better remembered."""
    name: str
    """As the table calls it; unique in a data set."""
    category: str = ""
    """In MemCat `category/subcategory`."""
    hits: int | None = None
    """How many recognised the image on its second showing, of `responses`."""
    responses: int | None = None
    false_alarms: int | None = None
    """How many took its first showing for a second; in MemCat of `responses`, for faces of `first_showings`."""
    first_showings: int | None = None


@dataclass(frozen=True)
class DataSet:
    """Images with scores; iterating gives the items."""

    name: str
    rows: tuple[Item, ...]
    split: str = ""
    """Such as `val_1`; empty where the data set has none."""
    missing: tuple[Path, ...] = ()
    """Images of the table that were not found and are left out of `rows` (only with allow_missing)."""
    synthetic: bool = False
    """Whether the images and scores are generated ones, not measured ones."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.rows)

    def __str__(self) -> str:
        parts = [
            f"{self.name} {self.split}".rstrip() + (" (SYNTHETIC)" if self.synthetic else ""),
            f"{len(self.rows):,} images",
        ]
        if self.missing:
            parts.append(f"{len(self.missing):,} more are missing")
        return ", ".join(parts)

    @property
    def paths(self) -> list[Path]:
        """Where the images are, in order."""
        return [item.path for item in self.rows]

    @property
    def scores(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The measured scores, float64 (N,), in the same order."""
        import numpy as np

        return np.array([item.score for item in self.rows], np.float64)
