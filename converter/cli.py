"""The `convert-caffemodel` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from protos import DIALECTS

from . import __version__
from .command import Parser, leave_quietly
from .errors import CaffeError, InvalidNetError

if TYPE_CHECKING:
    from .conversion import Conversion
    from .net import InputShape
    from .program import Shape
    from .reading import Reading

Add = Callable[..., object]
"""`add_argument` of a parser or of a group."""
Example = Callable[[Path], tuple[Path, Path, Path]]
"""Writes an example into a folder; returns its model, prototxt and mean."""

EXAMPLES = """examples:
  convert-caffemodel --example
        no model at hand: a full-size MemNet, untrained
  convert-caffemodel net.caffemodel --inspect
        the layers as a table, nothing is written
  convert-caffemodel memnet.caffemodel
        the net inside the file, into memnet_torch/
  convert-caffemodel net.caffemodel --prototxt deploy.prototxt \\
      --mean mean.binaryproto -o net_torch --check

exit codes: 0 done and within limits, 1 a difference beyond limits,
            2 cannot run, 130 interrupted"""


def main(argv: Sequence[str] | None = None, example: Example | None = None) -> int:
    """Run the command and return its exit code; `example` is what `--example` writes."""
    options = _options(argv)
    try:
        code = _run(options, example)
        sys.stdout.flush()  # here, where a reader that has gone is noticed
    except CaffeError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was kept", 130)
    except BrokenPipeError:
        return leave_quietly()
    except OSError as error:
        return _fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))
    except Exception as error:  # noqa: BLE001 - a user gets one line, whatever a file made us do
        return _fail(f"internal error, please report it with the file: {_place(error)}")
    return code


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, more = parser.parse_known_args(argv)
    if more:
        hint = "; the prototxt goes behind --prototxt" if options.prototxt is None else ""
        parser.error(f"unrecognized arguments: {' '.join(more)}{hint}")
    return options


def _run(options: argparse.Namespace, example: Example | None) -> int:
    if options.example:
        if example is None:
            raise InvalidNetError("--example is part of the installed command `convert-caffemodel`")
        return _run_example(options, example)
    if options.model is None:
        raise InvalidNetError("no model is given; see --help, or try --example")
    if options.layers:
        from .own_layers import import_layers

        for path in options.layers:
            import_layers(path)
    return _inspect(options) if options.inspect else _convert(options)


def _run_example(options: argparse.Namespace, example: Example) -> int:
    folder = Path(options.out or "memnet-example")
    print(
        f"writing an UNTRAINED full-size MemNet (seeded random weights, for trying things out) into {folder}/"
    )
    options.model, options.prototxt, options.mean = example(folder)
    options.out = folder / "memnet_torch"
    options.check = options.force = True
    return _convert(options)


def _inspect(options: argparse.Namespace) -> int:
    from .reading import load_net_as
    from .table import layer_json, layer_table

    net = load_net_as(options.prototxt or options.model, **_reading(options))
    print(layer_json(net) if options.json else layer_table(net))
    _note(() if options.json else net.warnings)
    return 0


def _reading(options: argparse.Namespace) -> Reading:
    """Return how the net is to be read."""
    return {
        "phase": options.phase,
        "stages": options.stage,
        "level": options.level,
        "input_shape": _input_shape(options.input_shape),
        "dialect": options.dialect,
        "fully_convolutional": options.fully_convolutional,
    }


def _convert(options: argparse.Namespace) -> int:
    from .conversion import prepare
    from .formats import check_formats
    from .record import RECORD
    from .write import check_free, default_folder, write_folder

    formats = check_formats(options.format.split(","))
    model, prototxt = _model_and_text(options)
    conversion = prepare(
        model,
        prototxt,
        options.mean,
        allow_missing=options.allow_missing,
        initialize=options.init,
        **_reading(options),
    )
    folder = Path(options.out) if options.out else default_folder(conversion)
    check_free(folder, force=options.force)
    conversion = write_folder(
        conversion,
        folder,
        formats=formats,
        force=options.force,
        durable=options.durable,
        sha256=options.sha256,
    )
    if options.json:
        print((folder / RECORD).read_text(encoding="utf-8"), end="")
    else:
        _summarise(conversion, folder)
    return _check(conversion, folder, quiet=options.json) if options.check else 0


def _model_and_text(options: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """Return model and prototxt; a prototxt alone is a net whose layers have no weights."""
    from .files.sniff import Kind, identify

    model = Path(options.model)
    prototxt = Path(options.prototxt) if options.prototxt else None
    if prototxt is None and identify(model) is Kind.TEXT_NET:
        return None, model
    return model, prototxt


def _summarise(conversion: Conversion, folder: Path) -> None:
    from . import tolerance
    from .table import totals

    net, weights = conversion.net, conversion.weights
    size = conversion.model.stat().st_size / 1e6 if conversion.model else 0.0
    origin = (
        f"{conversion.model} ({weights.format}, {size:.1f} MB)"
        if weights
        else str(conversion.prototxt)
    )
    print(f"{origin} -> {folder}/")
    print(f"  {conversion.lowering.program.class_name}: {totals(net)}")
    for title, blobs in ("input", net.inputs), ("output", net.outputs):
        print(f"  {title}: {', '.join(f'{blob} {net.shapes[blob]}' for blob in blobs)}")
    for export in conversion.exports:
        print(
            f"  {export.files[0]}: within {export.difference:.2g} of the module, limit {tolerance.EXPORT:g}"
        )
    _note(conversion.notes)


def _note(notes: Sequence[str]) -> None:
    for note in notes:
        print(f"  note: {note}")


def _check(conversion: Conversion, folder: Path, *, quiet: bool) -> int:
    from .check import check_folder

    try:
        findings = check_folder(conversion, folder)
    except (IndexError, RuntimeError) as error:
        print(
            f"  check not run: seeded noise is no input for this net ({error}); see parity-check",
            file=sys.stderr,
        )
        return 2
    worst = max(findings, key=lambda finding: finding.difference / finding.limit)
    failed = [finding for finding in findings if not finding.passed]
    if not quiet:
        verdict = "FAILED" if failed else "passed"
        print(
            f"  check {verdict}: {len(findings)} blobs against the float64 reference on seeded noise; worst relative "
            f"difference {worst.difference:.2g} at {worst.blob!r}, limit {worst.limit:.3g}"
        )
        for finding in failed:
            print(f"    {finding.blob!r}: {finding.difference:.3g}")
    return 1 if failed else 0


def _input_shape(given: Sequence[str]) -> InputShape:
    """Read `1,3,227,227` or, for each input by name, `data=1,3,227,227`."""
    named: dict[str, Shape] = {}
    for text in given:
        blob, _, sizes = text.rpartition("=")
        try:
            shape = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            raise InvalidNetError(
                f"--input-shape {text!r} is not of the form 1,3,227,227 or data=1,3,227,227"
            ) from None
        if not blob:
            return shape
        named[blob] = shape
    return named or None


def _fail(message: str, code: int = 2) -> int:
    print(f"convert-caffemodel: {message}", file=sys.stderr)
    return code


def _place(error: Exception) -> str:
    """Return the error with the innermost line of ours that it came through."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="convert-caffemodel",
        description="Convert a Caffe model to PyTorch: source, safetensors, and the preprocessing.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"convert-caffemodel {__version__}")
    _add_sources(parser.add_argument)
    _add_actions(parser.add_argument_group("instead of converting, or beside it").add_argument)
    _add_output(parser.add_argument_group("what is written").add_argument)
    _add_weights(parser.add_argument_group("weights and layers").add_argument)
    _add_state(parser.add_argument_group("which layers of the prototxt count").add_argument)
    return parser


def _add_sources(add: Add) -> None:
    add(
        "model",
        nargs="?",
        metavar="MODEL",
        help=".caffemodel of any age, binary or HDF5 (the content counts)",
    )
    add("--prototxt", metavar="P", help="deploy net; without it the net inside MODEL is used")
    add("--mean", metavar="M", help="mean file: .binaryproto, .npy or .mat")
    add(
        "--input-shape",
        metavar="N,C,H,W",
        action="append",
        default=[],
        help="instead of the declared one; NAME=... for several inputs",
    )


def _add_actions(add: Add) -> None:
    add(
        "--check",
        action="store_true",
        help="compare every blob with the float64 reference afterwards",
    )
    add("--inspect", action="store_true", help="print the layer table and write nothing")
    add("--json", action="store_true", help="print JSON instead of text")
    add(
        "--example",
        action="store_true",
        help="write, convert and check a full-size MemNet with untrained weights",
    )


def _add_output(add: Add) -> None:
    add("-o", "--out", metavar="DIR", help="folder to write (default: <stem>_torch)")
    add(
        "--format",
        default="safetensors",
        metavar="F,F",
        help="what to write: safetensors (always, with the source), onnx, pt2; these two are compared with it",
    )
    add("--force", action="store_true", help="replace a folder that an earlier conversion wrote")
    add("--sha256", action="store_true", help="record the model's hash")
    add("--durable", action="store_true", help="wait until the files are on the disk")


def _add_weights(add: Add) -> None:
    add(
        "--allow-missing",
        action="store_true",
        help="fill layers that MODEL lacks with their constant fillers, as Caffe does",
    )
    add(
        "--init",
        type=int,
        metavar="SEED",
        help="fill all that MODEL lacks (a prototxt alone: everything) by its fillers: untrained weights",
    )
    add(
        "--fully-convolutional",
        action="store_true",
        help="turn inner products over images into convolutions, so that larger images give a map",
    )
    add(
        "--layers",
        action="append",
        default=[],
        metavar="FILE.py",
        help="layers of your own: RUNS this Python file, whose Layer subclasses then count; may be repeated",
    )
    add(
        "--dialect",
        choices=DIALECTS,
        metavar="FORK",
        help=f"the fork whose field numbers a binary file uses, guessed where it can be: {', '.join(DIALECTS)}",
    )


def _add_state(add: Add) -> None:
    add("--phase", choices=("TEST", "TRAIN"), default="TEST", help="for include and exclude rules")
    add(
        "--stage",
        action="append",
        default=[],
        metavar="S",
        help="for include and exclude rules; may be repeated",
    )
    add("--level", type=int, default=0, metavar="L", help="for include and exclude rules")
