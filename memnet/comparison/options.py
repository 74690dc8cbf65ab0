"""The options of `memnet evaluate` and `memnet compare`; loads nothing."""

from __future__ import annotations

import argparse

MODELS = """models:
  resmem                    the released ResMem, from the package `resmem`
  PATH                      a caffemodel, converted folder, .safetensors,
                            ResMem's .pt, or the folder of a training run
  PATH with {split}         five models, runs/split-1 to runs/split-5, each
                            tested on its own split of LaMem alone
  csv:FILE[#COLUMN]         scores that somebody wrote, by image name
  LABEL=MODEL               any of these under another name

data:
  lamem:DIR  memcat:DIR  memcat-corrected:DIR  faces:DIR  csv:FILE
  csv:FILE#COLUMN           a table whose scores stand in that column
  csv:FILE#hits=C,misses=C  hit rates from counts (or responses=C), and with
                            them human consistency
  NAME=DATA                 any of these under another name"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command's parser."""
    add = parser.add_argument
    add("--model", action="append", required=True, metavar="[LABEL=]MODEL", help="repeatable")
    add("--data", action="append", required=True, metavar="[NAME=]DATA", help="repeatable")
    add(
        "--split",
        default="",
        metavar="S",
        help="of LaMem: test_1 (default), several with commas, or all for its five test splits",
    )
    add("--crops", choices=("center", "ten", "both"), default="center", help="what to average over")
    add("--calibration", action="append", default=[], metavar="[LABEL=]C", help=_CALIBRATION)
    add("--seen", action="append", default=[], metavar="[LABEL=]WHAT", help=_SEEN)
    add("--mean", metavar="M", help="mean file of a caffemodel: .binaryproto, .npy or .mat")
    add("--scores-cache", metavar="DIR", help="keep scores here; an interrupted run goes on")
    add("--allow-missing", action="store_true", help="leave out images whose files are missing")
    add("--samples", type=_count, default=2000, metavar="N", help="of the bootstrap (2000)")
    add("--seed", type=int, default=0, metavar="N", help="of the bootstrap (0)")
    add("--json", metavar="FILE", help="comparison.json, for parity-check page")
    add("--csv", metavar="FILE", help="a row for each model and data set")
    add("--figure", metavar="FILE", help=".png, .svg or .pdf")
    add("--device", default="auto", metavar="D", help="auto, cpu, cuda or cuda:N (default: auto)")
    add("--batch-size", type=_count, default=20, metavar="N", help="crops at once (default: 20)")
    add("--workers", type=_count, metavar="N", help="threads that decode")
    add("--plain", action="store_true", help="no faster twin of the model, even for many images")
    add("--quiet", action="store_true", help="no progress bar")


_CALIBRATION = "raw, ganalyze, or a file that was fitted on a validation split"
_SEEN = "what the model was trained on: data sets with commas, or a file of DATASET/NAME lines"


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count")
    return int(text)
