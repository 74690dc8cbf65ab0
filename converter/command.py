"""What all commands have in common: errors of the command line, and readers that have gone."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn

READER_GONE = 141
"""Exit code of a program that SIGPIPE ends."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit code 2, and whose description and epilog keep their lines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line."""
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def leave_quietly() -> int:
    """Let nothing be said while Python closes stdout, whose reader has gone; returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE
