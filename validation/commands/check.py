"""`parity-check MODEL`: judge a port, print the report, and write it with its page where a folder is given."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter.command import Parser
from converter.errors import FileFormatError, InvalidNetError, OutputError

from .arguments import names

if TYPE_CHECKING:
    from ..report import Report
    from ..scores.source import Sources

EXAMPLES = """examples:
  parity-check net.caffemodel --prototxt deploy.prototxt
  parity-check net.caffemodel --port net_torch \\
      --against reference,opencv,caffe,recorded.npz
  parity-check memnet.caffemodel --against reference,recorded.npz \\
      --images pictures --mean mean.npy --crops center,ten -o report
  parity-check --scores port=ours.csv --scores original=theirs.csv \\
      --data lamem:lamem --split test_1

also (each has a --help):
  parity-check record > record.py
        a script that records a model beside an old Caffe, for --against
  parity-check page report.json -o DIR
        the page of a report or of a comparison

exit codes: 0 all within limits, 1 a difference beyond limits,
            2 cannot run, or something asked for was not run"""
FORMATS = ("table", "json", "md", "html")


def check(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code. Raises CaffeError."""
    options = _parser().parse_args(arguments)
    if options.output is not None:
        _make(options.output)  # first, for what follows may take hours
    report = _report(options)
    print(_shown(report, "json" if options.json else options.format))  # noqa: T201 (a command prints)
    if options.output is not None:
        _write(report, options.output)
    return report.exit_code


def _report(options: argparse.Namespace) -> Report:
    from converter.files.sniff import Kind, identify

    from ..parity import check_parity

    sources, against = _sources(options), names(options.against)
    if not against:
        raise InvalidNetError("--against names no judge; known: reference, opencv, caffe, FILE")
    model, prototxt = options.model, options.prototxt
    if model is None and prototxt is None and not {"port", "original"} <= sources.scores.keys():
        raise InvalidNetError(
            "no MODEL is given; without one, give --scores port=FILE and --scores original=FILE"
        )
    if prototxt is None and model is not None and identify(model) is Kind.TEXT_NET:
        model, prototxt = None, model  # a net whose layers have no weights
    return check_parity(
        model,
        prototxt,
        against,
        port=options.port,
        mean=options.mean,
        allow_missing=options.allow_missing,
        sources=sources,
        caffe_python=options.caffe_python,
    )


def _sources(options: argparse.Namespace) -> Sources:
    from memnet.crops import CROPS, Crops

    from ..scores.source import Sources

    asked = list(CROPS) if options.crops == "both" else names(options.crops)
    crops: list[Crops] = [name for name in ("center", "ten") if name in asked]
    if unknown := [name for name in asked if name not in CROPS] or ([] if asked else ["nothing"]):
        raise InvalidNetError(f"--crops has {unknown[0]!r}; known: {', '.join(CROPS)}, both")
    scores = dict(one.partition("=")[::2] for one in options.scores)
    if bad := [label for label, file in scores.items() if not label or not file]:
        raise FileFormatError(f"--scores takes LABEL=FILE, found {bad[0]!r}")
    return Sources(
        images=tuple(options.images),
        data=options.data,
        split=options.split,
        crops=tuple(crops),
        scores={label: Path(file) for label, file in scores.items()},
        judged=options.judged,
    )


def _make(folder: Path) -> None:
    """Make the folder. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: {error.strerror or error}; -o takes a folder, which is made"
        ) from error


def _write(report: Report, folder: Path) -> None:
    """Write `report.json` and its page; a file that is there stays as it was if that fails. Raises OutputError."""
    import json

    from converter.files.whole import whole

    from ..page import write_page

    text = report.to_json()
    try:
        with whole(folder / "report.json") as path:
            path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}") from error
    write_page(json.loads(text), folder)


def _shown(report: Report, form: str) -> str:
    import json

    if form == "table":
        return str(report)
    text = report.to_json()
    if form == "json":
        return text
    from ..page import markdown, write_page

    if form == "md":
        return markdown(json.loads(text))
    with tempfile.TemporaryDirectory() as folder:
        return write_page(json.loads(text), Path(folder)).read_text(encoding="utf-8")


def _parser() -> Parser:
    from converter import __version__

    parser = Parser(
        prog="parity-check",
        description="Compare the PyTorch port of a Caffe model with the model: weights bit for bit,\n"
        "then every blob, then scores.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("model", metavar="MODEL", nargs="?", help=".caffemodel of any age, binary or HDF5")
    add("--prototxt", metavar="P", help="deploy net; without it the net inside MODEL is used")
    add(
        "--against",
        metavar="LIST",
        default="reference",
        help="judges, with commas: reference (our float64 NumPy), opencv, caffe (pycaffe), recordings (.npz, .h5), "
        "scores (.csv) (default: reference)",
    )
    add(
        "--port",
        metavar="DIR",
        help="a folder to judge, with model.py, which is run, and model.safetensors (default: convert in memory)",
    )
    add("--mean", metavar="FILE", help="mean of the original: .binaryproto or .npy")
    add(
        "--allow-missing",
        action="store_true",
        help="fill layers that MODEL lacks with their constant fillers, as Caffe does",
    )
    add(
        "--caffe-python",
        metavar="EXE",
        help="the Python that can import caffe (default: $CAFFE_PYTHON, else this one)",
    )
    _add_scores(parser)
    add("-o", "--output", metavar="DIR", type=Path, help="write report.json and its page there")
    add("--format", choices=FORMATS, default="table", help="what is printed (default: table)")
    add("--json", action="store_true", help="the same as --format json")
    add("--version", action="version", version=f"parity-check {__version__}")
    return parser


def _add_scores(parser: Parser) -> None:
    group = parser.add_argument_group("scores of images")
    add = group.add_argument
    add(
        "--images",
        metavar="PATH",
        action="append",
        default=[],
        help="picture, folder or pattern; may be repeated",
    )
    add(
        "--data",
        metavar="KIND:PATH",
        default="",
        help="a data set with its truth, such as lamem:DIR",
    )
    add("--split", metavar="NAME", default="", help="such as test_1, or all")
    add("--crops", metavar="LIST", default="center", help="center, ten or both (default: center)")
    add(
        "--scores",
        metavar="LABEL=FILE",
        action="append",
        default=[],
        help="scores in a file (.csv or .npz) as a column; port and original take those places",
    )
    add(
        "--judged",
        metavar="N",
        type=int,
        default=16,
        help="images that the float64 reference scores (default: 16)",
    )
