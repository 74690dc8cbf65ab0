"""Writes `model.onnx` and `model.pt2`, reads each back and compares it with the module, or refuses it.

The only way to the files that import torch or ONNX for exporting; `write.py` comes here when one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import load_file
from torch import nn

from .. import tolerance
from ..check import Arrays
from ..compare import relative_difference
from ..errors import CaffeError, OutputError
from ..formats import Exported
from ..loading import compile_class
from .graph import Graph, export_graph, other_shapes, quiet
from .pt2 import open_pt2, write_pt2
from .subject import LOUD, SOFT, Case, Numbers, Shapes, Subject, first_line

if TYPE_CHECKING:
    from ..conversion import Conversion

Run = Callable[[Arrays], list[Numbers]]


def write_exports(
    conversion: Conversion, folder: Path, formats: tuple[str, ...]
) -> tuple[Exported, ...]:
    """Export the module of a written folder into that folder.

    Raises:
        UnsupportedError: a layer cannot be exported; the message names it.
        OutputError: what was written differs from the module beyond `tolerance.EXPORT`.
    """
    wanted = [name for name in ("pt2", "onnx") if name in formats]
    if not wanted:
        return ()
    subject = Subject(conversion=conversion, module=_written(conversion, folder))
    graph = export_graph(subject)
    with quiet():
        return tuple(_write(name, subject, graph, folder) for name in wanted)


def compare(file: str, run: Run, subject: Subject, shapes: Shapes, scale: float) -> float:
    """Return the largest relative difference to the module on inputs of these shapes and this scale.

    A difference beyond the limit raises OutputError naming the output, where the inputs are well conditioned or no
    others are left.
    """
    worst = 0.0
    for case in subject.cases(shapes, scale):
        found = _run(file, run, case)
        differences = [
            relative_difference(*pair) for pair in zip(found, case.expected, strict=True)
        ]
        worst = max(differences)
        if worst <= tolerance.EXPORT:
            return worst
        complaint = _complaint(file, subject.outputs[differences.index(worst)], worst, shapes)
        if subject.is_well_conditioned(case):
            break
    raise OutputError(complaint)


def _written(conversion: Conversion, folder: Path) -> nn.Module:
    """Return the module of the text and the weights that were written."""
    module: nn.Module = compile_class(conversion.lowering.program)()
    module.load_state_dict(load_file(folder / "model.safetensors"))
    return module.eval()


def _run(file: str, run: Run, case: Case) -> list[Numbers]:
    try:
        return run(case.fed)
    except Exception as error:
        sizes = ", ".join(str(array.shape) for array in case.fed.values())
        raise OutputError(f"{file} cannot be run on {sizes}: {first_line(error)}") from error


def _write(name: str, subject: Subject, graph: Graph, folder: Path) -> Exported:
    files, run = _saved(name, subject, graph, folder)
    declared, other = subject.shapes, other_shapes(subject, graph.free)
    compared = [compare(files[0], run, subject, *on) for on in ((declared, LOUD), (other, SOFT))]
    return Exported(
        format=name,
        files=files,
        fixed=tuple(
            blob for blob, shape in subject.shapes.items() if shape and blob not in graph.free
        ),
        difference=max(compared),
    )


def _saved(name: str, subject: Subject, graph: Graph, folder: Path) -> tuple[tuple[str, ...], Run]:
    """Write a form and read it back."""
    try:
        if name == "onnx":
            from .onnx import open_onnx, write_onnx

            return write_onnx(subject, graph, folder), open_onnx(folder)
        return write_pt2(subject, graph, folder), open_pt2(folder)
    except (CaffeError, OSError):
        raise
    except Exception as error:
        raise OutputError(
            f"model.{name} cannot be written and read back: {first_line(error)}"
        ) from error


def _complaint(file: str, blob: str, difference: float, shapes: Shapes) -> str:
    sizes = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    return (
        f"{file}: output {blob!r} differs from the module by {difference:.3g} on inputs of {sizes}, limit "
        f"{tolerance.EXPORT:g}; convert without this format, and please report it with the model"
    )
