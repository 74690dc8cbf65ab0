"""`index.html` from parsed JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.errors import OutputError
from converter.files.whole import whole

from .saved import SavedReport, understand


def write(report: Mapping[str, Any], folder: Path) -> Path:
    """Write the page into a folder, which is made where it is missing, and return its path."""
    page = to_html(report)
    path = folder / "index.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            # a name may hold half a surrogate pair
            part.write_text(page, "utf-8", errors="replace")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
    return path


def to_html(report: Mapping[str, Any]) -> str:
    """Return the page."""
    saved = understand(report)
    if isinstance(saved, SavedReport):
        from .report_page import report_page

        return report_page(saved)
    from .comparison_page import comparison_page

    return comparison_page(saved)
