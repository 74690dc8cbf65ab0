"""The page of a saved report or comparison: one HTML file that needs no network, and a summary in Markdown.

    page = validation.page.write_page(validation.page.load("report.json"), Path("parity"))

What comes from a file (names of blobs, of images, notes) is escaped: `markup.tag` takes a string as text. Importing
this package loads neither matplotlib nor NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["load", "markdown", "write_page"]


def load(path: str | Path) -> Mapping[str, Any]:
    """Return the parsed JSON of a saved report or comparison. Raises FileFormatError where it is neither."""
    from .saved import load as load_saved

    return load_saved(Path(path))


def write_page(report: Mapping[str, Any], folder: Path) -> Path:
    """Write `index.html`, the page of a parsed report or comparison, and return its path.

    Raises:
        FileFormatError: the JSON is of another format or version, or a field is missing or of another type.
        OutputError: the folder cannot be written.
    """
    from .write import write

    return write(report, Path(folder))


def markdown(report: Mapping[str, Any]) -> str:
    """Return a summary for a pull request. Raises FileFormatError, as `write_page` does."""
    from .summary_markdown import to_markdown

    return to_markdown(report)
