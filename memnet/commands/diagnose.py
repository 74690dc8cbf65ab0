"""`memnet diagnose`: is this port being fed rightly?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..diagnosis.diagnose import Diagnosis, Observed, Spread
    from ..images import Pixels
    from ..network import Network

HELP = "tell whether a port is fed rightly"
DESCRIPTION = "Score pictures rightly and with each usual mistake; say which was made."
EXAMPLES = """examples:
  memnet diagnose pictures/ --model memnet_torch
        judges what `memnet predict` gives with the folder's own preprocessing
  memnet diagnose pictures/ --model memnet_torch --scores theirs.csv
        judges somebody's scores of these pictures (columns image and score)
  memnet diagnose pictures/ --model memnet_torch --observed-sd 0.0025 \\
      --observed-ten-sd 0.08
        judges a spread that was published

exit codes: 0 fed rightly, as far as can be told,
            1 fed wrongly or not explained, 2 cannot run"""

PICTURES = 24
LEAST = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add = parser.add_argument
    add("sources", nargs="+", metavar="SRC", help="image, folder, pattern, CSV, or - for stdin")
    add("--column", default="path", metavar="C", help="column of a CSV (default: path)")
    add("--root", metavar="DIR", help="folder that names in a CSV or list start from (default: .)")
    add("--model", default="memnet", metavar="M", help="memnet, resmem, or PATH of weights")
    add("--weights", metavar="PATH", help="weights of --model (resmem: of the installed package)")
    add("--mean", metavar="M", help="mean file: .binaryproto, .npy or .mat (default: the folder's)")
    add("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    add("--scores", metavar="CSV", help="scores to judge, with columns image and score")
    add("--observed-sd", type=_spread, metavar="SD", help="spread to judge, of one crop")
    add("--observed-ten-sd", type=_spread, metavar="SD", help="spread to judge, of ten crops")
    add(
        "--crops",
        choices=("center", "ten"),
        default="center",
        help="what the scores judged are of (default: center)",
    )
    add(
        "--pictures",
        type=int,
        default=PICTURES,
        metavar="N",
        help=f"how many to look at, evenly picked (default: {PICTURES})",
    )
    add("--quiet", action="store_true", help="no progress bar")


def _spread(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no standard deviation")
    return value


def run(options: argparse.Namespace) -> int:
    """Print the diagnosis; returns the exit code."""
    from ..choice import Choice
    from ..diagnosis.text import report
    from .predict import say_origin

    _check(options)
    choice = Choice(
        model=options.model, weights=options.weights, mean=options.mean, device=options.device
    )
    names, known = _chosen(options)
    say_origin(choice)
    images = _read(names)
    scores = None if known is None else [known[name] for name in images]
    found = _diagnosis(options, choice.network(), list(images.values()), scores)
    print(report(found))  # noqa: T201 (a command prints)
    return 0 if found.is_right else 1


def _check(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    from converter.errors import InvalidNetError

    spread = options.observed_sd if options.observed_sd is not None else options.observed_ten_sd
    if options.scores is not None and spread is not None:
        raise InvalidNetError("--scores and --observed-... are two things to judge; give one")


def _chosen(options: argparse.Namespace) -> tuple[list[str], dict[str, float] | None]:
    """Return the pictures to look at, and their scores where a CSV gives them."""
    from ..runs.sources import find_images

    names = find_images(options.sources, column=options.column, root=options.root)
    if options.scores is None:
        return _evenly(names, options.pictures), None
    known = _known_scores(options.scores, names)
    return _evenly(list(known), options.pictures), known


def _known_scores(path: str, names: list[str]) -> dict[str, float]:
    from math import isfinite

    from converter.errors import FileFormatError

    from ..score_file import scores_of

    known = scores_of(path, names)
    odd = next((name for name, score in known.items() if not isfinite(score)), None)
    if odd is not None:
        raise FileFormatError(
            f"{path}: the score of {odd!r} is {known[odd]}; leave such rows empty or out"
        )
    return known


def _evenly(names: list[str], count: int) -> list[str]:
    """Return at most `count` names. Raises FileFormatError where a spread of them would mean nothing."""
    _check_count(min(len(names), count))
    if len(names) <= count:
        return names
    return [names[at * len(names) // count] for at in range(count)]


def _check_count(count: int) -> None:
    from converter.errors import FileFormatError

    if count < LEAST:
        raise FileFormatError(f"{count} pictures have no spread to speak of; give at least {LEAST}")


def _read(names: Sequence[str]) -> dict[str, Pixels]:
    """Return the pictures by name; broken ones are named and left out."""
    from converter.errors import CaffeError

    from ..cli import note
    from ..images import read_image

    found: dict[str, Pixels] = {}
    for name in names:
        try:
            found[name] = read_image(name)
        except CaffeError as error:
            note(f"{error}; left out")
    _check_count(len(found))
    return found


def _diagnosis(
    options: argparse.Namespace, network: Network, images: list[Pixels], scores: list[float] | None
) -> Diagnosis:
    from ..diagnosis.diagnose import diagnose, measure
    from ..progress import Progress

    observed = _observed(options, network, images, scores)
    with Progress(len(images), quiet=options.quiet) as progress:
        spreads = measure(network.model, network.rule, images, progress.advance)
    _check_spread(spreads[0])
    return diagnose(spreads, observed)


def _check_spread(right: Spread) -> None:
    from converter.errors import FileFormatError

    if right.sd("center") == 0:
        raise FileFormatError(
            f"all {len(right.scores)} pictures have one score, which tells nothing; give pictures that differ"
        )


def _observed(
    options: argparse.Namespace, network: Network, images: list[Pixels], scores: list[float] | None
) -> Observed:
    import numpy as np

    from ..diagnosis.diagnose import Observed, own_run

    one, ten = options.observed_sd, options.observed_ten_sd
    if scores is not None:
        found = np.array(scores, np.float32)
        return Observed(
            source=f"the scores in {options.scores}",
            crops=options.crops,
            sd=float(found.std(dtype=np.float64)),
            scores=found,
        )
    if one is not None:
        return Observed(source="the spread given", crops="center", sd=one, ten_sd=ten)
    if ten is not None:
        return Observed(source="the spread given", crops="ten", sd=ten)
    return own_run(network.model, network.rule, images, options.crops)
