"""Write `model.py` anew from `deploy.prototxt`: `python -m memnet.regenerate [--check]`.

`model.py` is checked in so that it can be read and imported, but it is the converter's output, never edited by hand.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .topology import deploy_net

MODEL = Path(__file__).with_name("model.py")


def source() -> str:
    """Return the text that the converter emits for MemNet."""
    from converter.lower import lower
    from converter.source import to_source

    return to_source(lower(deploy_net()).program)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or with `--check` only tell whether it is out of date (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m memnet.regenerate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    if not parser.parse_args(arguments).check:
        MODEL.write_text(source(), encoding="utf-8")
        return 0
    if MODEL.read_text(encoding="utf-8") == source():
        return 0
    sys.stderr.write("memnet/model.py is out of date; run: python -m memnet.regenerate\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
