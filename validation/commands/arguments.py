"""What the parsers of `parity-check` have in common."""

from __future__ import annotations

import argparse

from converter import command


class Parser(command.Parser):
    """The parser of all commands, whose epilog keeps its lines."""

    def __init__(self, prog: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )


def names(text: str) -> list[str]:
    """Return what stands between commas."""
    return [name for name in text.split(",") if name]
