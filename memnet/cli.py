"""The `memnet` command: finds the subcommand and turns what it raises into one line and an exit code.

A subcommand is a module of `COMMANDS` with the texts HELP, DESCRIPTION and EXAMPLES, `add_arguments(parser)`, and `run`
from options to exit code. None may import torch or NumPy on the way there, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import TextIO

from converter.command import Parser, leave_quietly
from converter.errors import CaffeError

COMMANDS = ("predict", "diagnose", "heatmap", "evaluate", "compare", "train", "sweep")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    warnings.simplefilter("default")
    warnings.filterwarnings(
        "ignore", module=r"(PIL|ray)\."
    )  # they name no file; what cannot be read does
    warnings.showwarning = _show_warning
    if isinstance(sys.stdout, TextIOWrapper):  # a name that its encoding lacks, as stderr has it
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code: int = options.run(options)
        sys.stdout.flush()  # here, where a reader that has gone is noticed
    except (CaffeError, ModuleNotFoundError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:
        return leave_quietly()
    except OSError as error:
        return fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))
    return code


def note(text: str) -> None:
    """Say something on stderr."""
    print(f"memnet: {text}", file=sys.stderr)


def fail(message: str, code: int = 2) -> int:
    """Say what is wrong; returns the exit code."""
    note(message)
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    note(f"warning: {message}")


def _parser() -> argparse.ArgumentParser:
    from converter import __version__

    parser = Parser(
        prog="memnet",
        description="Image memorability by MemNet, ResMem and TripleMem: score, check, train,\ncompare.",
    )
    parser.add_argument("--version", action="version", version=f"memnet {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        command = import_module(f".commands.{name}", __package__)
        parts = {"description": command.DESCRIPTION, "epilog": command.EXAMPLES}
        added = commands.add_parser(name, help=command.HELP, **parts)
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":  # for torchrun -m memnet.cli
    raise SystemExit(main())
