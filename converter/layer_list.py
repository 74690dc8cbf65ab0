"""`docs/layers.md`, from the registered layers: `python -m converter.layer_list [--check]`, in a checkout.

What was measured against recorded Caffe comes from `docs/layers.tsv`, which `python tests/measure_layers.py` writes
where the recordings are.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from protos.forks import REPOSITORIES, forks_with_type

from .families.sink import Sink
from .layer import Layer
from .layers import every
from .program import Call, Expr, Lowered

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, MEASURED = DOCS / "layers.md", DOCS / "layers.tsv"
COLUMNS = ("type", "cases", "worst", "where", "becomes")

HEAD = """\
# Layers

Written by `python -m converter.layer_list` from the layers themselves; a test compares. {count} layer types are
converted, {bvlc} of BVLC Caffe and {forks} of its forks. For other types see [a layer of your own](your-own-layer.md).

- **In PyTorch**: the modules and functions that `model.py` has for it. `nn.`, `F.` and `torch.` are PyTorch's own, a
  name beginning with a dot is a method of a tensor; other modules are in `converter/nn`, and their text is copied.
- **Restrictions**: what is refused, or differs in a way that one should know.
- **Cases**: recordings of real Caffe that have the layer. **Worst**: the largest `max|ours - Caffe's| / max|Caffe's|`
  of a blob that it made in any of them, by the float32 module; differences of the layers before it are in it, too. The
  limit is 1e-5. A dash: Caffe only parsed the case, or the layer makes no blob.
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found on the recorded cases that have a layer type."""

    cases: int
    worst: float | None
    """Largest relative difference to Caffe; None where nothing was computed."""
    where: str
    """The case and the blob of the worst difference."""
    becomes: tuple[str, ...]


def becomes(lowered: Lowered) -> frozenset[str]:
    """Return the call targets of what a layer becomes, but indexing."""
    found = set(_targets(lowered.expression)) | (
        {lowered.module.target} if lowered.module else set()
    )
    return frozenset(found - {"self", "[..., None]"})


def _targets(expression: Expr) -> Iterable[str]:
    if isinstance(expression, Call):
        yield expression.target
        parts: Iterable[Expr] = (*expression.args, *(part for _, part in expression.kwargs))
    else:
        parts = expression if isinstance(expression, tuple) else ()
    for part in parts:
        yield from _targets(part)


def read_measured(path: Path = MEASURED) -> dict[str, Measured]:
    """Return what was measured, by layer type."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["type"]: Measured(
                cases=int(row["cases"]),
                worst=float(row["worst"]) if row["worst"] else None,
                where=row["where"],
                becomes=tuple(row["becomes"].split()),
            )
            for row in csv.DictReader(file, delimiter="\t")
        }


def write_measured(found: dict[str, Measured], path: Path = MEASURED) -> None:
    """Write what was measured, in order of type."""
    lines = ["\t".join(COLUMNS)]
    for name, row in sorted(found.items()):
        worst = "" if row.worst is None else f"{row.worst:.1e}"
        lines.append("\t".join([name, str(row.cases), worst, row.where, " ".join(row.becomes)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def layer_list(measured: dict[str, Measured]) -> str:
    """Return the text of `docs/layers.md`; types that are not measured have empty columns."""
    types = sorted(name for name, cls in every().items() if cls.__module__.startswith(__package__))
    bvlc = [name for name in types if not forks_with_type(name)]
    forks = [name for name in types if forks_with_type(name)]
    named = dict.fromkeys(fork for name in forks for fork in forks_with_type(name))
    return "\n".join(
        [
            HEAD.format(count=len(types), bvlc=len(bvlc), forks=len(forks)),
            "## BVLC Caffe\n",
            *_table(["type", *_HEADER], ([_code(name), *_row(name, measured)] for name in bvlc)),
            "\n## Forks\n",
            "Some types have another meaning in another fork; which one counts is told by the layer's fields.\n",
            *_table(
                ["type", "forks that have it", *_HEADER],
                (
                    [_code(name), ", ".join(forks_with_type(name)), *_row(name, measured)]
                    for name in forks
                ),
            ),
            "\n## Which forks these are\n",
            *_table(
                ["name", "repository"],
                ([_code(name), REPOSITORIES[name]] for name in sorted(named)),
            ),
            "",
        ]
    )


_HEADER = ("in PyTorch", "restrictions", "cases", "worst")


def _row(name: str, measured: dict[str, Measured]) -> list[str]:
    cls, row = every()[name], measured.get(name)
    if row is None:
        return ["", cls.restrictions, "", ""]
    worst = "-" if row.worst is None else f"{row.worst:.0e}" if row.worst else "0"
    return [_in_pytorch(cls, row), cls.restrictions, str(row.cases), worst]


def _in_pytorch(cls: type[Layer], row: Measured) -> str:
    if cls.role == "input":
        return "an argument of `forward`"
    without = "no code" if row.worst is not None or issubclass(cls, Sink) else ""
    return _codes(row.becomes) or without


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(_code(text) for text in texts)


def _code(text: str) -> str:
    return f"`{text}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with `--check` only tell whether it is out of date (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m converter.layer_list", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    check = parser.parse_args(arguments).check
    if not MEASURED.is_file():
        sys.stderr.write(f"{MEASURED} is missing: this runs in a checkout, which has docs/\n")
        return 2
    text = layer_list(read_measured())
    if not check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/layers.md is out of date; run: python -m converter.layer_list\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
