"""The graph of a module, by torch.export: what both `model.pt2` and `model.onnx` are made from.

The first axis of every input is left free. What the net then fixes (a Reshape with literal sizes, time in a
recurrent layer) is given its declared size; where nothing works with a free axis, all of them are.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import logging
import re
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..errors import UnsupportedError
from .detections import exportable
from .subject import SOFT, Shapes, Subject, first_line, tensors


@dataclass(frozen=True, kw_only=True)
class Graph:
    """An exported program, and the inputs whose first axis is free in it."""

    program: ExportedProgram
    free: frozenset[str]


def export_graph(subject: Subject) -> Graph:
    """Export a module. Raises UnsupportedError naming the layer that torch.export cannot follow."""
    if not hasattr(Dim, "AUTO"):
        raise UnsupportedError(f"exporting needs torch 2.6 or newer, this is {torch.__version__}")
    free = frozenset(blob for blob, shape in subject.shapes.items() if shape)
    while free:
        program = _attempt(subject, free)
        if program is None:
            break
        found = _free_inputs(subject, program)
        if found == free:
            return Graph(program=_without_places(program), free=free)
        free = found
    try:
        program = _export(subject, frozenset())
    except Exception as error:
        raise UnsupportedError(_reason(subject, error)) from error
    return Graph(program=_without_places(program), free=frozenset())


def other_shapes(subject: Subject, free: frozenset[str]) -> Shapes:
    """Return the inputs' shapes at another batch size than the declared one: 1, or 3 where 1 is declared."""
    return {
        blob: ((3 if shape[0] == 1 else 1), *shape[1:]) if blob in free else shape
        for blob, shape in subject.shapes.items()
    }


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the exporters from talking; what goes wrong is raised.

    torch.export prints the graph so far to stderr when it fails; the ONNX exporter logs that torchvision, which no
    Caffe net needs, is absent; and torch's own code uses a class that torch calls deprecated.
    """
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            message = r"`isinstance\(treespec, LeafSpec\)` is deprecated"
            warnings.filterwarnings("ignore", message, FutureWarning)
            yield
    finally:
        logger.setLevel(level)


class _Tuple(nn.Module):
    """The module with a plain tuple of outputs: torch.export.save refuses a named one."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.net(*inputs))


def _attempt(subject: Subject, free: frozenset[str]) -> ExportedProgram | None:
    """Return the program with these axes free, or None where it cannot be made or cannot be run."""
    try:
        program = _export(subject, free)
        found = free & _free_inputs(subject, program)
        case = next(subject.cases(other_shapes(subject, found), SOFT))
        program.module()(*tensors(case.fed.values()))
    except Exception:  # noqa: BLE001 (whatever torch raises: the axes are not free)
        return None
    return program


def _export(subject: Subject, free: frozenset[str]) -> ExportedProgram:
    # torch.export takes a size of 1 for a constant, so a free axis is shown with 2.
    shapes = {
        blob: (max(shape[0], 2), *shape[1:]) if blob in free else shape
        for blob, shape in subject.shapes.items()
    }
    example = tuple(torch.zeros(shape) for shape in shapes.values())
    axes = tuple({0: Dim.AUTO} if blob in free else None for blob in shapes)
    with quiet(), torch.no_grad(), exportable(subject.module) as module:
        if len(subject.outputs) == 1:
            return torch.export.export(module, example, dynamic_shapes=axes or None, strict=False)
        return torch.export.export(
            _Tuple(module), example, dynamic_shapes=(axes,) if axes else None, strict=False
        )


def _free_inputs(subject: Subject, program: ExportedProgram) -> frozenset[str]:
    names = program.graph_signature.user_inputs
    sizes = {
        node.name: node.meta["val"].shape
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in names
    }
    return frozenset(
        blob
        for blob, name in zip(subject.inputs, names, strict=True)
        if sizes[str(name)] and not isinstance(sizes[str(name)][0], int)
    )


def _without_places(program: ExportedProgram) -> ExportedProgram:
    """Remove from the graph where in whose files each operation came from, and the example it was made with."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)
    program.example_inputs = None
    return program


def _reason(subject: Subject, error: BaseException) -> str:
    """Say which layer torch.export could not follow, by the line of the module's `forward` that it failed in."""
    lowering, net = subject.conversion.lowering, subject.conversion.net
    where = "the net"
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_locals.get("self") is subject.module and frame.f_code.co_name == "forward":
            attribute = re.search(
                r"self\.(\w+)\(", linecache.getline(frame.f_code.co_filename, line)
            )
            if attribute and attribute[1] in lowering.attributes:
                layer = net.steps[lowering.attributes.index(attribute[1])].layer
                where = f"layer {layer.name!r} ({layer.type})"
    return (
        f"{where} cannot be exported to ONNX or .pt2, because torch.export cannot follow it: {first_line(error)}; "
        "convert without these formats, or cut the net before this layer"
    )
