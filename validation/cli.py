"""The `parity-check` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from converter.errors import CaffeError

EXAMPLES = """examples:
  parity-check net.caffemodel --prototxt deploy.prototxt
  parity-check net.caffemodel --against reference,opencv,recorded.npz --port net_torch

exit codes: 0 all within limits, 1 a difference beyond limits, 2 cannot run, or something asked for was not run"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    try:
        return _run(options)
    except CaffeError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except OSError as error:
        return _fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))


def _run(options: argparse.Namespace) -> int:
    from converter.files.sniff import Kind, identify

    from .parity import check_parity

    alone = options.prototxt is None and identify(options.model) is Kind.TEXT_NET
    report = check_parity(
        None if alone else options.model,  # a net whose layers have no weights
        options.model if alone else options.prototxt,
        [name for name in options.against.split(",") if name],
        port=options.port,
        allow_missing=options.allow_missing,
    )
    print(report.to_json() if options.json else report)
    return report.exit_code


def _fail(message: str, code: int = 2) -> int:
    print(f"parity-check: {message}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"parity-check: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    from converter import __version__

    parser = _Parser(
        prog="parity-check",
        description="Compare the PyTorch port of a Caffe model with the model: weights bit for bit, then every blob.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help=".caffemodel of any age, binary or HDF5")
    add("--prototxt", metavar="P", help="deploy net; without it the net inside MODEL is used")
    add(
        "--against",
        metavar="LIST",
        default="reference",
        help="back ends, with commas: reference, opencv, or a recorded .npz (default: reference)",
    )
    add(
        "--port",
        metavar="DIR",
        help="a converted folder to judge; its model.py is run (default: convert in memory)",
    )
    add("--json", action="store_true", help="print JSON instead of the table")
    add(
        "--allow-missing",
        action="store_true",
        help="fill layers that MODEL lacks with their constant fillers, as Caffe does",
    )
    add("--version", action="version", version=f"parity-check {__version__}")
    return parser
