"""`memnet evaluate`: how good are a model's scores, in every respect that has been published?"""

from __future__ import annotations

import argparse

from ..comparison.options import MODELS, add_options

HELP = "measure scores against people's"
DESCRIPTION = "Measure models on data sets: rank correlation, error, spread, what was seen."
EXAMPLES = f"""{MODELS}

examples:
  memnet evaluate --model memnet_torch --data lamem:/data/lamem --crops both \\
      --scores-cache scores/
  memnet evaluate --model memnet_torch --data lamem:/data/lamem --split all \\
      --data memcat:/data/memcat
  memnet evaluate --model csv:resmem.csv#resmem \\
      --data csv:truth.csv#hits=target_hit,misses=target_miss

exit codes: 0 done (images left out are named), 2 cannot run"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_options(parser)
    parser.add_argument(
        "--save-calibration",
        metavar="KIND:FILE",
        help="fit linear: or quantile: on this validation split, for --calibration FILE later",
    )


def run(options: argparse.Namespace) -> int:
    """Print the findings and the table; returns the exit code."""
    from ..comparison.asked import compared, write_files
    from ..comparison.calibrating import parse_fit, save_fit
    from ..comparison.cross_table import cross_table, groups
    from ..comparison.findings import findings
    from ..comparison.tables import published_list, split_table

    if options.save_calibration:
        parse_fit(options.save_calibration)
    found = compared(options)
    firsts = [
        group[0] for group in groups(found)
    ]  # of several splits the first; --json has them all
    blocks = [
        findings(cell, data)
        for data in firsts
        for model in found.models
        for cell in found.cells_of(model, [data])
    ]
    blocks += [cross_table(found), split_table(found), published_list(found)]
    print("\n\n".join(filter(None, blocks)))  # noqa: T201 (a command prints)
    write_files(options, found)
    if options.save_calibration:
        save_fit(found, options.save_calibration)
    return 0
