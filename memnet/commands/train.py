"""`memnet train`: options, and which run they ask for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import OutputError

if TYPE_CHECKING:
    from ..training.recipe import Recipe

HELP = "train a model by a recipe"
DESCRIPTION = "Train MemNet, ResMem or TripleMem by a recipe."
EXAMPLES = """\
examples:
  memnet train --list
  memnet train resmem --data lamem:/data/lamem memcat:/data/memcat \\
      --start resnet152.pth --out runs/resmem
  memnet train modern --data lamem:/data/lamem --out runs/a \\
      --set training.epochs=20 optimizer.lr=1e-4
  memnet train --resume runs/a
  memnet train resmem --show
  torchrun --nproc-per-node 4 -m memnet.cli train modern \\
      --data lamem:/data/lamem --out runs/b

A run leaves recipe.toml, metrics.csv, checkpoints/ and model/ in its folder;
`memnet predict --model runs/a` scores with it. docs/train.md has the recipes'
sources and all keys.

exit codes: 0 done, 2 cannot run or stopped by an error (the last checkpoint is
            kept), 130 interrupted (143: SIGTERM)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add = parser.add_argument
    add("recipe", nargs="?", metavar="RECIPE", help="name of a shipped recipe, or a TOML file")
    add(
        "--data",
        nargs="+",
        default=[],
        metavar="SPEC",
        help="lamem:DIR, memcat:DIR, csv:FILE; several are mixed",
    )
    add("--validation", nargs="+", metavar="SPEC", help="validate on these, train on all of --data")
    add("--out", metavar="DIR", help="the run's folder, new or empty")
    add(
        "--start",
        metavar="W",
        help="weights to begin with: a classification net, a ResNet, resmem, a run",
    )
    add(
        "--seg",
        metavar="NAME",
        help="TripleMem's segmenter: none, palette, converted:DIR or FILE.py:FUNCTION",
    )
    add(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="change a value of the recipe",
    )
    add("--devices", type=int, metavar="N", help="so many devices on this machine")
    add(
        "--on-error", choices=("fail", "skip"), help="at images that cannot be read (default: fail)"
    )
    add("--resume", metavar="DIR", help="go on with an interrupted run")
    add("--list", action="store_true", help="list the shipped recipes with their sources")
    add("--show", action="store_true", help="print the recipe as it would be run, and stop")
    add("--tensorboard", action="store_true", help="log to TensorBoard, too")
    add("--wandb", choices=("offline", "online"), help="log to Weights & Biases, too")
    add("--quiet", action="store_true", help="say nothing but errors")


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ..cli import fail

    if options.list:
        _list()
        return 0
    _check(options)
    if options.show:
        from ..training.recipe_file import to_toml

        sys.stdout.write(to_toml(_recipe(options)))
        return 0
    from ..training.errors import Terminated

    try:
        folder = _train(options)
    except KeyboardInterrupt as error:
        return fail(
            f"interrupted; go on with: memnet train --resume {options.resume or options.out}",
            143 if isinstance(error, Terminated) else 130,
        )
    _say_end(folder, options)
    return 0


def _list() -> None:
    from textwrap import fill

    from ..training.recipe_file import load_recipe, recipe_names

    for name in recipe_names():
        source = load_recipe(name).source
        sys.stdout.write(
            fill(source, 100, initial_indent=f"{name:16}", subsequent_indent=" " * 16) + "\n\n"
        )


def _check(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    if options.recipe is None and options.resume is None:
        raise OutputError("name a recipe (`memnet train --list` lists them), or give --resume DIR")
    if options.resume is not None and options.out is not None:
        raise OutputError("--resume names the run's folder; leave --out out")
    if options.resume is None and options.out is None and not options.show:
        raise OutputError("give --out DIR for the run's folder, or --show")


def _recipe(options: argparse.Namespace) -> Recipe:
    """Return the recipe with all overrides; the shorter options are overrides, too."""
    from ..training.recipe_file import load_recipe, overridden
    from ..training.run import read_run

    short = {
        "data.sources": options.data or None,
        "data.validation_sources": options.validation,
        "data.on_error": options.on_error,
        "start.weights": options.start,
        "model.options.segmenter": options.seg,
        "devices.devices": options.devices,
        "logs.tensorboard": options.tensorboard or None,
        "logs.wandb": options.wandb,
    }
    given = [f"{key}={_toml(value)}" for key, value in short.items() if value is not None]
    recipe = (
        read_run(Path(options.resume)) if options.recipe is None else load_recipe(options.recipe)
    )
    return overridden(recipe, [*given, *options.set])


def _toml(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _train(options: argparse.Namespace) -> Path:
    from ..training.run import resume, train

    recipe = _recipe(options)
    if options.resume is not None:
        return resume(options.resume, recipe, quiet=options.quiet)
    return train(recipe, (), options.out, quiet=options.quiet)


def _say_end(folder: Path, options: argparse.Namespace) -> None:
    from ..cli import note
    from ..networks.trained import FOLDER, read_record
    from ..training.run import is_first

    if options.quiet or not is_first():
        return
    record = read_record(folder / FOLDER)
    rho = record["val_spearman"]
    judged = "" if rho is None else f", Spearman {rho:.3f} on the validation images"
    if any(part["synthetic"] for part in (*record["trained_on"], *record["validated_on"])):
        judged += "; SYNTHETIC: the pictures and scores are generated"
    note(f"{folder / FOLDER}: weights of epoch {record['epoch']}{judged}")
