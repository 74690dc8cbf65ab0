"""Writes `model.onnx` and `model.pt2`, reads each back and compares it with the module, or refuses it.

The only way to the files that import torch or ONNX for exporting; `write.py` comes here when one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import tolerance
from .check import Arrays, load_folder
from .compare import relative_difference, worst_element
from .errors import OutputError
from .export_graph import Graph, export_graph, other_shapes, quiet
from .export_pt2 import open_pt2, write_pt2
from .export_subject import Numbers, Subject, first_line
from .formats import Exported

if TYPE_CHECKING:
    from .write import Conversion

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
    module = load_folder(folder, conversion.lowering.program.class_name)
    subject = Subject(conversion=conversion, module=module)
    graph = export_graph(subject)
    with quiet():
        return tuple(_write(name, subject, graph, folder) for name in wanted)


def compare(file: str, run: Run, subject: Subject, fed: Arrays) -> float:
    """Return the largest relative difference to the module. Raises OutputError naming the output beyond the limit."""
    expected = subject.run(fed)
    sizes = ", ".join(str(array.shape) for array in fed.values())
    try:
        found = run(fed)
    except Exception as error:
        raise OutputError(f"{file} cannot be run on {sizes}: {first_line(error)}") from error
    worst = 0.0
    for blob, ours, theirs in zip(subject.outputs, found, expected, strict=True):
        difference = relative_difference(ours, theirs)
        if difference > tolerance.EXPORT:
            raise OutputError(_complaint(file, blob, sizes, difference, ours, theirs))
        worst = max(worst, difference)
    return worst


def _write(name: str, subject: Subject, graph: Graph, folder: Path) -> Exported:
    if name == "onnx":
        from .export_onnx import open_onnx, write_onnx

        files, run = write_onnx(subject, graph, folder), open_onnx(folder)
    else:
        files, run = write_pt2(subject, graph, folder), open_pt2(folder)
    shapes = [subject.shapes] + [other_shapes(subject, graph.free)] * bool(graph.free)
    differences = [compare(files[0], run, subject, subject.feed(shape)) for shape in shapes]
    return Exported(
        format=name,
        files=files,
        fixed=tuple(blob for blob in subject.inputs if blob not in graph.free),
        difference=max(differences),
    )


def _complaint(
    file: str, blob: str, sizes: str, difference: float, ours: Numbers, theirs: Numbers
) -> str:
    where = (
        worst_element(ours, theirs)
        if ours.shape == theirs.shape
        else f"shape {ours.shape} for {theirs.shape}"
    )
    return (
        f"{file}: output {blob!r} differs from the module by {difference:.3g} on inputs of {sizes}, limit "
        f"{tolerance.EXPORT:g} ({where}); convert without this format, and please report it with the model"
    )
