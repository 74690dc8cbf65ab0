"""`memnet predict`: options, and which run they ask for."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import FileFormatError, InvalidNetError, OutputError

if TYPE_CHECKING:
    from ..choice import Choice
    from ..runs.file_run import Manner, Tally

HELP = "score images"
DESCRIPTION = "Print the memorability of images, about 0 to 1."
EXAMPLES = """examples:
  memnet predict photo.jpg --model memnet.caffemodel --mean mean.binaryproto
  memnet predict pictures/ more/**/*.jpg --model memnet_torch --crops ten \\
      --out scores.csv
  memnet predict names.csv --column image_file --root pictures --model resmem \\
      --out scores.parquet
  memnet predict pictures/ --model memnet_torch --features fc7 --out fc7.npy
  memnet predict images.parquet --model memnet_torch --engine ray --out scores/

An interrupted run with --out goes on when the same command is run again.

exit codes: 0 done (broken images are rows with an error, and named),
            2 cannot run, or no image could be read, 130 interrupted"""

FILES = (".csv", ".parquet", ".npy")
PARQUET = (".parquet", ".pq")
OTHERS = (".arrow", ".doc", ".docx", ".feather", ".h5", ".hdf5", ".json", ".jsonl", ".mat", ".npz",
          ".ods", ".pkl", ".pq", ".tsv", ".txt", ".xls", ".xlsx")  # fmt: skip
"""Nobody means a folder by these."""
RESIZES = ("matlab", "opencv", "pil", "skimage-legacy")
TEN_CROPS = ("pycaffe", "matlab")
"""As `converter.preprocess` has them, which imports NumPy."""
MANY = 200
"""Images from which on building and checking the faster twin of a model pays."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    _add_inputs(parser)
    _add_model(parser)
    _add_manner(parser)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "sources",
        nargs="+",
        metavar="SRC",
        help="image, folder, pattern, CSV, - for a list on stdin; with --out DIR also Parquet of images",
    )
    add("--column", default="path", metavar="C", help="column of a CSV (default: path)")
    add("--root", metavar="DIR", help="folder that names in a CSV or list start from (default: .)")
    add("--id-column", default="id", metavar="C", help="of Parquet (default: id)")
    add("--bytes-column", default="bytes", metavar="C", help="of Parquet (default: bytes)")


def _add_model(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--model",
        default="memnet",
        metavar="M",
        help="memnet (with --weights), resmem, or PATH of a caffemodel, converted folder, .safetensors, ResMem's .pt "
        "or a run of memnet train",
    )
    add("--weights", metavar="PATH", help="weights of --model (resmem: of the installed package)")
    add("--mean", metavar="M", help="mean file: .binaryproto, .npy or .mat (default: the folder's)")
    add("--resize", choices=RESIZES, metavar="RULE", help=f"whose resize: {', '.join(RESIZES)}")
    add("--crops", choices=("center", "ten"), default="center", help="ten: average over ten crops")
    add("--ten-crop", choices=TEN_CROPS, help="whose ten crops, and whose centre")
    add(
        "--calibration",
        default="raw",
        metavar="C",
        help="raw, ganalyze, or FILE.json that memnet.calibration saved (default: raw)",
    )
    add("--features", metavar="LAYER", help="write a layer's activations, too, such as fc7")
    add("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    add("--batch-size", type=_positive, default=20, metavar="N", help="crops at once (default: 20)")


def _add_manner(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--out",
        metavar="OUT",
        help="FILE.csv, FILE.parquet, FILE.npy (with --features), or a folder of Parquet shards",
    )
    add(
        "--engine", choices=("local", "ray"), default="local", help="ray: on a cluster, to a folder"
    )
    add("--workers", type=_count, metavar="N", help="threads that decode; with ray: model replicas")
    add("--shard-size", type=_positive, default=1000, metavar="N", help="images in a shard")
    add("--on-error", choices=("record", "fail"), default="record", help="at a broken image")
    add("--force", action="store_true", help="begin again, replacing what --out names")
    add("--plain", action="store_true", help="no faster twin of the model, even for many images")
    add("--quiet", action="store_true", help="no progress bar")


def _positive(text: str) -> int:
    return _count(text, least=1)


def _count(text: str, least: int = 0) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least {least}")
    return number


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ..cli import fail, note
    from ..runs.memory import keep_freed_memory

    _check(options)
    keep_freed_memory()
    say_origin(_choice(options, images=0))
    try:
        tally = _run(options)
    except KeyboardInterrupt:
        again = "; run the same command again to go on" if options.out else ""
        return fail(f"interrupted{again}", 130)
    if tally.errors:
        note(f"{tally.errors:,} of {tally.pictures:,} images could not be read")
    return 2 if tally.errors == tally.pictures else 0


def _run(options: argparse.Namespace) -> Tally:
    from ..runs.file_run import print_table, write_file
    from ..runs.sources import find_images

    if options.out and not _is_file(options.out):
        return _run_shards(options)
    names = find_images(options.sources, column=options.column, root=options.root)
    choice = _choice(options, images=len(names))
    if options.out:
        return write_file(choice, names, Path(options.out), _manner(options))
    return print_table(choice.network(), names, _manner(options))


def _run_shards(options: argparse.Namespace) -> Tally:
    from ..runs.shard_run import run_shards
    from ..runs.shards import Columns, plan

    columns = Columns(id=options.id_column, bytes=options.bytes_column)
    shards = plan(
        options.sources,
        options.shard_size,
        columns,
        column=options.column,
        root=options.root,
    )
    return run_shards(
        _choice(options, images=sum(shard.rows for shard in shards)),
        shards,
        options.out,
        columns,
        engine=options.engine,
        manner=_manner(options),
        actors=options.workers,
    )


def _choice(options: argparse.Namespace, *, images: int) -> Choice:
    from ..choice import Choice

    return Choice(
        model=options.model,
        weights=options.weights,
        mean=options.mean,
        crops=options.crops,
        device=options.device,
        batch_size=options.batch_size,
        features=options.features,
        calibration=options.calibration,
        resize=options.resize,
        ten_crop=options.ten_crop,
        fast=images >= MANY and not options.plain,
    )


def _manner(options: argparse.Namespace) -> Manner:
    from ..runs.file_run import Manner
    from ..runs.ordered import usable_cpus

    return Manner(
        workers=usable_cpus() if options.workers is None else options.workers,
        on_error=options.on_error,
        quiet=options.quiet,
        force=options.force,
    )


def _is_file(out: str) -> bool:
    return Path(out).suffix.lower() in FILES


def _check(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    out, suffix = options.out, Path(options.out or "").suffix.lower()
    if suffix in OTHERS and not Path(out).is_dir():
        raise OutputError(
            f"{out}: {suffix} is not written; give FILE{', FILE'.join(FILES)}, or a folder for shards"
        )
    if options.engine == "ray" and (not out or _is_file(out)):
        raise OutputError("--engine ray writes shards; give --out DIR")
    if options.features and (not out or suffix == ".csv"):
        raise OutputError("features go to a file; give --out FILE.npy or FILE.parquet")
    if suffix == ".npy" and not options.features:
        raise OutputError(f"{out}: holds features; name a layer with --features, or take .csv")
    named = [source for source in options.sources if source.endswith(PARQUET)]
    if named and (not out or _is_file(out)):
        raise FileFormatError(f"{named[0]}: Parquet is read into shards; give --out DIR")
    if options.features in {"id", "score", "error", "model", "crops"}:
        raise InvalidNetError(f"features {options.features!r} would name a column twice")


def say_origin(choice: Choice) -> bool:
    """Say on stderr which weights these are: of a caffemodel what it is, of a folder whether it is untrained.

    Returns whether they are untrained.
    """
    from converter.files.sniff import Kind, identify

    from ..cli import note
    from ..published import recognise

    said = [text for text in _warnings_of(choice.path) if "UNTRAINED" in text]
    if identify(choice.path) is Kind.BINARY_NET:
        said.append(str(recognise(choice.path)))
    for text in said:
        note(f"{choice.path}: {text}")
    return any("untrained" in text.lower() for text in said)


def _warnings_of(folder: Path) -> Sequence[str]:
    record = folder / "conversion.json"
    if not record.is_file():
        return ()
    return [
        str(text) for text in json.loads(record.read_text(encoding="utf-8")).get("warnings", ())
    ]
