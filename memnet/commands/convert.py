"""The installed command `convert-caffemodel`: the converter's, with a MemNet as its `--example`.

The converter knows nothing of MemNet, so the two meet here.
"""

from __future__ import annotations

from pathlib import Path

from converter.cli import main as convert


def main() -> int:
    """Run `convert-caffemodel` and return its exit code."""
    return convert(example=_write_example)


def _write_example(folder: Path) -> tuple[Path, Path, Path]:
    from ..example import write_example  # NumPy, which --help does not need

    return write_example(folder)
