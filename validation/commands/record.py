"""`parity-check record`: print the script that records a model beside its Caffe."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from converter.command import Parser

from .arguments import names

DESCRIPTION = """Print a script for Python 2.7 and 3, which needs pycaffe and NumPy alone. Run it
beside an old Caffe, or in its public Docker image; the recorded.npz that it
writes is a judge: parity-check MODEL --against recorded.npz. The options here
become the script's defaults; it takes the same."""
EXAMPLES = """examples:
  parity-check record > record.py
  python record.py deploy.prototxt net.caffemodel -o recorded.npz
  parity-check record --crops center,ten --mean mean.npy --resize 256 \\
      -o record.py
  python record.py deploy.prototxt memnet.caffemodel --images pictures \\
      -o recorded.npz
  docker run --rm -v "$PWD":/work -w /work bvlc/caffe:cpu \\
      python record.py deploy.prototxt net.caffemodel"""


def record(arguments: Sequence[str]) -> int:
    """Print the script, or write it, and return 0."""
    parser = Parser(prog="parity-check record", description=DESCRIPTION, epilog=EXAMPLES)
    add = parser.add_argument
    add("--crops", metavar="LIST", type=_crops, help="center, ten or both (default: center)")
    add("--mean", metavar="FILE|B,G,R", help=".binaryproto, .npy or numbers (default: none)")
    add("--resize", metavar="H[,W]", help="resize pictures first, as caffe.io does (default: not)")
    add("--raw-scale", metavar="X", type=float, help="caffe.io gives 0..1 (default: 255)")
    add("--swap", metavar="LIST", help="channels of RGB that the net takes (default: 2,1,0)")
    add("--input-scale", metavar="X", type=float, help="factor after the mean (default: 1)")
    add("-o", "--output", metavar="FILE", type=Path, help="write it there")
    given = {
        key: value for key, value in vars(parser.parse_args(arguments)).items() if value is not None
    }
    output = given.pop("output", None)
    from ..judges.record import script

    text = script(**given)
    if output is None:
        print(text, end="")  # noqa: T201 (a command prints)
    else:
        output.write_text(text, encoding="utf-8")
    return 0


def _crops(text: str) -> str:
    if not names(text) or set(names(text)) - {"center", "ten", "both"}:
        raise ArgumentTypeError("takes center, ten or both")
    return text
