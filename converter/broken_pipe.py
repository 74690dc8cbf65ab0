"""What a command does when the reader of its output has gone, as `head` does: it ends without a word."""

from __future__ import annotations

import os
import sys

CODE = 141
"""Exit code of a program that SIGPIPE ends."""


def leave_quietly() -> int:
    """Let nothing be said while Python closes stdout, and return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CODE
