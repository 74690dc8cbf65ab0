"""The `memnet` command."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from converter.errors import CaffeError, FileFormatError, OutputError

if TYPE_CHECKING:
    from converter import Preprocess

    from .crops import Crops
    from .model import MemNet

EXAMPLES = """examples:
  memnet predict photo.jpg --model memnet.caffemodel --mean mean.binaryproto
  memnet predict pictures/ --model memnet_torch --crops ten --csv scores.csv

exit codes: 0 done, 2 cannot run, or some images could not be read (the others are scored)"""

Scores = list[tuple[Path, float]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    warnings.simplefilter("default")
    warnings.showwarning = _show_warning
    try:
        return _predict(options)
    except (CaffeError, ModuleNotFoundError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except OSError as error:
        return _fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))


def _predict(options: argparse.Namespace) -> int:
    from . import load
    from .preprocessing import preprocessing

    paths = list(_images(options.sources))
    model = load(options.model, mean=options.mean)
    _say_origin(options.model)
    rule = vars(model)["preprocess"] or preprocessing()
    scores, problems = _score(model, paths, options.crops, rule)
    if options.csv:
        _write_csv(Path(options.csv), scores)
    else:
        _print_table(scores)
    for problem in problems:
        _fail(problem)
    return 2 if problems else 0


def _images(sources: Sequence[str]) -> Iterator[Path]:
    """Yield the files given, and in folders, at any depth, those with an image's suffix, sorted."""
    from .images import SUFFIXES

    for source in map(Path, sources):
        if not source.is_dir():
            yield source
            continue
        found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not found:
            raise FileFormatError(
                f"{source}: the folder holds no images ({', '.join(sorted(SUFFIXES))})"
            )
        yield from found


def _say_origin(model: str) -> None:
    """Say on stderr which weights these are: of a caffemodel what it is, of a folder whether it is untrained."""
    from converter.sniff import Kind, identify

    from .published import recognise

    record = Path(model) / "conversion.json"
    if record.is_file():
        for note in json.loads(record.read_text(encoding="utf-8")).get("warnings", ()):
            if "UNTRAINED" in str(note):
                _note(f"{model}: {note}")
    elif identify(model) is Kind.BINARY_NET:
        _note(f"{model}: {recognise(model)}")


def _score(
    model: MemNet, paths: Sequence[Path], crops: Crops, rule: Preprocess
) -> tuple[Scores, list[str]]:
    """Return the scores of the images that can be read, and what is wrong with the others."""
    from . import predict
    from .images import read_image

    scores: Scores = []
    problems: list[str] = []
    waiting = iter(paths)
    while group := list(islice(waiting, 16)):
        images = {}
        for path in group:
            try:
                images[path] = read_image(path)
            except FileFormatError as error:
                problems.append(str(error))
        found = predict(model, list(images.values()), crops, preprocess=rule)
        scores += zip(images, map(float, found), strict=True)
    return scores, problems


def _write_csv(path: Path, scores: Scores) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("image", "score"))
            writer.writerows((str(image), f"{score:.6f}") for image, score in scores)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def _print_table(scores: Scores) -> None:
    width = max((len(str(image)) for image, _ in scores), default=5)
    print(f"{'image':<{width}}   score")
    for image, score in scores:
        print(f"{image!s:<{width}}  {score:.4f}")


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    _note(f"warning: {message}")


def _note(text: str) -> None:
    print(f"memnet: {text}", file=sys.stderr)


def _fail(message: str, code: int = 2) -> int:
    _note(message)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    from converter import __version__

    parser = _Parser(prog="memnet", description="Image memorability by MemNet.")
    parser.add_argument("--version", action="version", version=f"memnet {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    predict = commands.add_parser(
        "predict",
        help="score images",
        description="Print the memorability of images, about 0 to 1.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = predict.add_argument
    add("sources", nargs="+", metavar="SRC", help="image, or folder of images")
    add(
        "--model",
        required=True,
        metavar="PATH",
        help="caffemodel, converted folder, or .safetensors file",
    )
    add("--mean", metavar="M", help="mean file: .binaryproto, .npy or .mat (default: the folder's)")
    add("--crops", choices=("center", "ten"), default="center", help="ten: average over ten crops")
    add("--csv", metavar="FILE", help="write the scores there instead of printing them")
    return parser
