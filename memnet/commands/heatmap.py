"""`memnet heatmap`: a memorability map as an overlay picture and an array."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from ..choice import Choice
    from ..heatmaps.heatmap import Heatmap

HELP = "show where in a picture its memorability lies"
DESCRIPTION = "Average MemNet's scores of overlapping windows at several scales into a map."
EXAMPLES = """examples:
  memnet heatmap photo.jpg --model memnet.caffemodel --mean mean.binaryproto
  memnet heatmap photo.jpg --model memnet_torch --sizes 291 451 -o maps

writes photo_heatmap.png, and photo_heatmap.npy: float32, height x width, one
score for each pixel"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add = parser.add_argument
    add("image", metavar="IMAGE")
    add(
        "--model",
        required=True,
        metavar="PATH",
        help="MemNet: caffemodel, converted folder, .safetensors file, or a training run",
    )
    add("--mean", metavar="M", help="mean file: .binaryproto, .npy or .mat (default: the folder's)")
    add(
        "--sizes",
        nargs="+",
        type=int,
        metavar="N",
        help="sides the picture is resized to, 227 + 32 k each (default: 291 355 451 579)",
    )
    add("-o", "--out", default=".", metavar="DIR", help="folder to write to (default: this one)")
    add("--force", action="store_true", help="overwrite files of an earlier run")


def run(options: argparse.Namespace) -> int:
    """Make the map and write both files; returns the exit code."""
    from ..choice import Choice
    from ..heatmaps.heatmap import SIZES, heatmap
    from .predict import say_origin

    choice = Choice(model=options.model, mean=options.mean)
    stem = Path(options.image).stem
    places = [Path(options.out) / f"{stem}_heatmap{suffix}" for suffix in (".npy", ".png")]
    _check_free(places, force=options.force)
    model = _model(choice)
    untrained = say_origin(choice)
    found = heatmap(model, options.image, sizes=options.sizes or SIZES)
    _write(found, *places, label="UNTRAINED" if untrained else "")
    print(_summary(found, places))  # noqa: T201 (a command prints)
    return 0


def _model(choice: Choice) -> nn.Module:
    from converter.errors import UnsupportedError

    from ..heatmaps.convolutional import ONLY_MEMNET
    from ..loading import load

    if choice.is_resmem:
        raise UnsupportedError(f"{choice.model} is ResMem; {ONLY_MEMNET}")
    if choice.trained is not None:
        return choice.network().model
    return load(choice.path, mean=choice.mean)


def _check_free(places: list[Path], *, force: bool) -> None:
    from converter.errors import OutputError

    taken = [str(place) for place in places if place.exists()]
    if taken and not force:
        raise OutputError(
            f"{', '.join(taken)}: exists; overwrite with --force, or choose a folder with -o"
        )


def _write(found: Heatmap, array: Path, picture: Path, *, label: str) -> None:
    """Write both files or, where something fails, neither."""
    import numpy as np

    from ..heatmaps.overlay import overlay
    from ..runs.outputs import replacing

    shown = overlay(found, label)
    with replacing(array) as first, replacing(picture) as second:
        first.parent.mkdir(parents=True, exist_ok=True)
        with first.open("wb") as file:
            np.save(file, found.scores, allow_pickle=False)
        shown.save(second, format="PNG")


def _summary(found: Heatmap, places: list[Path]) -> str:
    grid = ", ".join(
        f"{size}: {cells.shape[0]} x {cells.shape[1]}" for size, cells in found.cells.items()
    )
    return (
        f"scores from {found.scores.min():.4f} to {found.scores.max():.4f} (windows at size {grid})\n"
        f"wrote {' and '.join(map(str, places))}"
    )
