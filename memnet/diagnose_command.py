"""`memnet diagnose`: is this port being fed rightly?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnose import Diagnosis, Observed
    from .images import Pixels
    from .network import Network

EXAMPLES = """examples:
  memnet diagnose pictures/ --model memnet_torch
        judges what `memnet predict` gives with the folder's own preprocessing
  memnet diagnose pictures/ --model memnet_torch --scores theirs.csv
        judges somebody's scores of these pictures (columns image and score)
  memnet diagnose pictures/ --model memnet_torch --observed-sd 0.0025 --observed-ten-sd 0.08
        judges a spread that was published

exit codes: 0 fed rightly, as far as can be told, 1 fed wrongly or not explained, 2 cannot run"""

PICTURES = 24


def register(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "diagnose",
        help="tell whether a port is fed rightly",
        description="Score pictures rightly and with each usual mistake, and say which gives what was observed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


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
    from .choice import Choice
    from .diagnose_text import report
    from .predict_command import say_origin

    choice = Choice(
        model=options.model, weights=options.weights, mean=options.mean, device=options.device
    )
    names, scores = _chosen(options)
    say_origin(choice)
    found = _diagnosis(options, choice.network(), _read(names), scores)
    print(report(found))  # noqa: T201 (a command prints)
    return 0 if found.is_right else 1


def _chosen(options: argparse.Namespace) -> tuple[list[str], list[float] | None]:
    """Return the pictures to look at, and their scores where a CSV gives them."""
    from .sources import find_images

    names = find_images(options.sources, column=options.column, root=options.root)
    if options.scores is None:
        return _evenly(names, options.pictures), None
    from .score_file import scores_of

    known = scores_of(options.scores, names)
    kept = _evenly(list(known), options.pictures)
    return kept, [known[name] for name in kept]


def _evenly(names: list[str], count: int) -> list[str]:
    """Return at most `count` names. Raises FileFormatError where a spread of them would mean nothing."""
    from converter.errors import FileFormatError

    if min(len(names), count) < 3:
        raise FileFormatError(
            f"{min(len(names), count)} pictures have no spread to speak of; give at least 3"
        )
    if len(names) <= count:
        return names
    return [names[at * len(names) // count] for at in range(count)]


def _read(names: Sequence[str]) -> list[Pixels]:
    from .images import read_image

    return [read_image(name) for name in names]


def _diagnosis(
    options: argparse.Namespace, network: Network, images: list[Pixels], scores: list[float] | None
) -> Diagnosis:
    from .diagnose import diagnose, measure
    from .progress import Progress

    observed = _observed(options, network, images, scores)
    with Progress(len(images), quiet=options.quiet) as progress:
        spreads = measure(network.model, network.rule, images, progress.advance)
    return diagnose(spreads, observed)


def _observed(
    options: argparse.Namespace, network: Network, images: list[Pixels], scores: list[float] | None
) -> Observed:
    import numpy as np

    from .diagnose import Observed, own_run

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
