"""How far each layer type is from recorded Caffe: `python tests/measure_layers.py` writes docs/layers.tsv.

It needs the recorded cases in `shared/` beside the checkout; then run `python -m converter.layer_list`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from golden import GOLDENS, MISSING_ALLOWED, index, load_case, second_forward

from converter.compare import relative_difference
from converter.layer_list import Measured, becomes, write_measured
from converter.loading import to_module
from converter.net import Net
from converter.tracing import trace
from converter.weights import load_weights

GROUPS = ("layers", "forks")


@dataclass
class _Found:
    cases: int = 0
    worst: float | None = None
    where: str = ""
    becomes: set[str] = field(default_factory=set)


def measure() -> dict[str, Measured]:
    """Every recorded case of single layers and small nets, by the layer types in it."""
    found: dict[str, _Found] = {}
    for case in index():
        if case["group"] not in GROUPS:
            continue
        for name in set(case["layer_types"]):
            found.setdefault(name, _Found()).cases += 1
        if (GOLDENS / case["group"] / case["case"] / "blobs.npz").is_file():
            _measure_case(case["group"], case["case"], found)
    return {
        name: Measured(
            cases=row.cases,
            worst=row.worst,
            where=row.where,
            becomes=tuple(sorted(row.becomes, key=_order)),
        )
        for name, row in found.items()
    }


def _order(target: str) -> tuple[bool, str]:
    return not target.startswith("nn."), target


def _measure_case(group: str, case: str, found: dict[str, _Found]) -> None:
    net, path, fed, recorded = load_case(group, case)
    for step in net.steps:
        if step.layer.role != "input":
            found[step.layer.type].becomes |= becomes(step.layer.lower(step.bottoms))
    module = to_module(
        net, load_weights(path) if path else None, allow_missing=case in MISSING_ALLOWED
    )
    makers = dict(_makers(net))
    for expected in (recorded, *second_forward(group, case)):
        ours = trace(module, fed)
        for blob, array in expected.items():
            _note(found[makers[blob]], relative_difference(ours[blob], array), f"{case}: {blob}")


def _note(row: _Found, difference: float, where: str) -> None:
    if row.worst is None or difference > row.worst:
        row.worst, row.where = difference, where


def _makers(net: Net) -> Iterator[tuple[str, str]]:
    """Each blob and the type of the layer that made it last, but for blobs that are only fed."""
    for step in net.steps:
        for top in step.layer.tops:
            yield top, step.layer.type


def main() -> int:
    if not (GOLDENS / "layers" / "names_odd").is_dir():
        sys.stderr.write("needs all recorded cases, in shared/ beside the checkout\n")
        return 2
    with np.errstate(all="ignore"):
        write_measured(measure())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
