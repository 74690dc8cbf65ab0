"""`--inspect`: the layers of a net as a table or as JSON."""

from __future__ import annotations

import json
from math import prod

from .net import Net, Step
from .program import Shape


def layer_table(net: Net) -> str:
    """Return one line per layer: name, type, bottoms -> tops, shapes, parameters, multiply-adds; totals below."""
    rows = [_row(step) for step in net.steps]
    header = ("layer", "type", "bottoms -> tops", "shape", "parameters", "multiply-adds")
    widths = [min(40, max(len(row[at]) for row in [header, *rows])) for at in range(len(header))]
    lines = [_line(row, widths) for row in [header, tuple("-" * width for width in widths), *rows]]
    return "\n".join([_shown(net.name) or "(unnamed net)", *lines, totals(net)])


def totals(net: Net) -> str:
    """Return how many layers, parameters and multiply-adds a net has."""
    return f"{len(net.steps)} layers, {_parameters(net):,} parameters, {_operations(net):,} multiply-adds"


def layer_json(net: Net) -> str:
    """Return the same as JSON."""
    layers = [
        {
            "name": step.layer.name,
            "type": step.layer.type,
            "bottoms": list(step.layer.bottoms),
            "tops": list(step.layer.tops),
            "shapes": [list(shape) for shape in step.tops],
            "parameters": _count(step),
            "multiply_adds": step.layer.multiply_adds(step.bottoms, step.tops),
        }
        for step in net.steps
    ]
    record = {
        "name": net.name,
        "inputs": {blob: list(net.shapes[blob]) for blob in net.inputs},
        "outputs": {blob: list(net.shapes[blob]) for blob in net.outputs},
        "layers": layers,
        "parameters": _parameters(net),
        "multiply_adds": _operations(net),
        "warnings": list(net.warnings),
    }
    return json.dumps(record, indent=1)


def _row(step: Step) -> tuple[str, ...]:
    layer = step.layer
    operations = layer.multiply_adds(step.bottoms, step.tops)
    return (
        _shown(layer.name),
        layer.type,
        _shown(f"{', '.join(layer.bottoms)} -> {', '.join(layer.tops)}"),
        ", ".join(_size(shape) for shape in step.tops),
        f"{_count(step):,}" if step.blobs else "",
        f"{operations:,}" if operations else "",
    )


def _shown(text: str) -> str:
    """Return a name as it can be printed anywhere: no control characters, not beyond 40 columns."""
    clean = (
        "".join(char if char.isprintable() else "?" for char in text)
        .encode("utf-8", "replace")
        .decode()
    )
    return clean if len(clean) <= 40 else f"{clean[:37]}..."


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if at > 3 else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _size(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _count(step: Step) -> int:
    return sum(prod(blob.shape) for blob in step.blobs)


def _parameters(net: Net) -> int:
    shared = sum(
        prod(net.steps[share.sharer[0]].blobs[share.sharer[1]].shape) for share in net.shares
    )
    return sum(_count(step) for step in net.steps) - shared


def _operations(net: Net) -> int:
    return sum(step.layer.multiply_adds(step.bottoms, step.tops) for step in net.steps)
