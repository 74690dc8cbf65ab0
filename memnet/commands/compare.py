"""`memnet compare`: which of several models is better, on the same images?"""

from __future__ import annotations

import argparse

from ..comparison.options import MODELS, add_options

HELP = "compare models on the same images"
DESCRIPTION = "Models on the same images: cross-data table, five splits, paired differences."
EXAMPLES = f"""{MODELS}

examples:
  memnet compare --model memnet_torch --model resmem --data lamem:/data/lamem \\
      --split all --json comparison.json
  memnet compare --model runs/a --model runs/b --model csv:theirs.csv \\
      --data memcat:/data/memcat --figure table.pdf

exit codes: 0 done (images left out are named), 2 cannot run"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the tables; returns the exit code."""
    from ..comparison.asked import compared, write_files
    from ..comparison.cross_table import cross_table
    from ..comparison.tables import paired_table, published_list, split_table

    found = compared(options, models=2)
    blocks = [cross_table(found), split_table(found), paired_table(found), published_list(found)]
    print("\n\n".join(filter(None, blocks)))  # noqa: T201 (a command prints)
    write_files(options, found)
    return 0
