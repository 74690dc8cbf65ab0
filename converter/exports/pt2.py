"""`model.pt2`: the graph as torch.export saves it, to be loaded with `torch.export.load`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from ..check import Arrays
from .graph import Graph
from .subject import Numbers, Subject, arrays, tensors

FILE = "model.pt2"


def write_pt2(subject: Subject, graph: Graph, folder: Path) -> tuple[str, ...]:  # noqa: ARG001
    """Save the graph; returns the names of the files written."""
    torch.export.save(graph.program, folder / FILE)
    return (FILE,)


def open_pt2(folder: Path) -> Callable[[Arrays], list[Numbers]]:
    """Return the saved program as a function of the inputs, in the net's order."""
    module = torch.export.load(folder / FILE).module()

    def run(fed: Arrays) -> list[Numbers]:
        with torch.no_grad():
            return arrays(module(*tensors(fed.values())))

    return run
