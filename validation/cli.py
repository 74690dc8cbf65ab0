"""The `parity-check` command: a model's port judged; or, with the first word `record` or `page`, what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from converter.command import leave_quietly
from converter.errors import CaffeError

from .commands.check import check
from .commands.page import page
from .commands.record import record

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"record": record, "page": page}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a console may lack a character
    try:
        run = COMMANDS.get(words[0]) if words else None
        code = check(words) if run is None else run(words[1:])
        sys.stdout.flush()  # here, where a reader that has gone is noticed
    except (CaffeError, ModuleNotFoundError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        return leave_quietly()
    except OSError as error:
        return _fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))
    return code


def _fail(message: str, code: int = 2) -> int:
    print(f"parity-check: {message}", file=sys.stderr)
    return code
