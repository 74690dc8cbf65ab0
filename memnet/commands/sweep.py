"""`memnet sweep`: many training runs, whose numbers Optuna chooses."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sweep.settings import Sweep

HELP = "search for a recipe's numbers with many training runs"
DESCRIPTION = "Search for a recipe's numbers with many training runs."
EXAMPLES = """\
example:
  memnet sweep resmem --data lamem:/data/lamem --trials 20 --out sweeps/resmem

A sweep is judged by validation images alone; take one run to `memnet evaluate`
when it is over. Start the same command again after an interruption, or in a
second terminal, on a second machine with the same disk, with another
CUDA_VISIBLE_DEVICES: all of them work on one study, and no trial is lost or
trained twice.

exit codes: 0 done, 2 cannot run, 130 interrupted"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add = parser.add_argument
    add("space", metavar="SPACE", help="memnet, resmem, triplemem, or a TOML file (docs/sweep.md)")
    add(
        "--data",
        metavar="SPEC",
        nargs="+",
        default=(),
        help="lamem:DIR, memcat:DIR, csv:FILE; several are mixed",
    )
    add("--out", metavar="DIR", required=True, help="the sweep's folder; one that is begun goes on")
    add("--trials", type=_count, default=20, help="runs in all (default: 20)")
    add("--workers", type=_count, default=1, help="processes of this command (default: 1)")
    add(
        "--set",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="change the recipe of all trials",
    )
    add(
        "--seed",
        type=int,
        default=0,
        help="of the choice of numbers; the runs' own is training.seed",
    )
    add("--prune", action="store_true", help="end a run that falls below the median of the others")
    add("--wandb", choices=("offline", "online"), help="log each trial to Weights & Biases, too")
    add("--quiet", action="store_true", help="print the table alone")


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Sweep, or go on with one; returns the exit code."""
    from ..sweep import begin, load_space
    from ..sweep.picture import PICTURE, draw_runs
    from ..sweep.table import TABLE, to_text, write_table
    from ..sweep.workers import work_together
    from ..training.run import check_lightning

    check_lightning()  # before a folder is made
    space = load_space(options.space)
    sweep = begin(
        space,
        options.data,
        options.out,
        overrides=options.set + ([f"logs.wandb={options.wandb}"] if options.wandb else []),
        seed=options.seed,
        prune=options.prune,
    )
    if not options.quiet:
        _say_plan(sweep, space.source)
    try:
        work_together(sweep, options.trials, options.workers, quiet=options.quiet)
    finally:
        rows = write_table(sweep)
        draw_runs(rows, sweep.folder / PICTURE)
    print(to_text(rows))  # noqa: T201 (a command prints)
    print(f"\n{sweep.folder / TABLE}, {sweep.folder / PICTURE}")  # noqa: T201
    return 0 if any(row.state == "complete" for row in rows) else 1


def _say_plan(sweep: Sweep, source: str) -> None:
    from ..cli import note

    note(f"recipe {sweep.recipe.name}; {'; '.join(map(str, sweep.parameters))}")
    if source:
        note(f"ranges: {' '.join(source.split())}")
