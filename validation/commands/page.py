"""`parity-check page FILE.json`: the page of a report or a comparison that is written already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from converter.command import Parser

EXAMPLES = """example:
  parity-check page report/report.json -o page"""


def page(arguments: Sequence[str]) -> int:
    """Write `index.html`, say where, and return 0. Raises CaffeError."""
    parser = Parser(
        prog="parity-check page",
        description="Write the page of a report.json or a comparison.json.",
        epilog=EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="report.json or comparison.json")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="folder of the page (default: FILE's)"
    )
    options = parser.parse_args(arguments)
    from ..page import load, write_page

    document = load(options.file)
    print(write_page(document, options.output or options.file.parent))  # noqa: T201 (a command prints)
    return 0
