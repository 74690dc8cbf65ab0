"""`model.onnx`: the graph translated by torch's exporter for exported programs, inputs and outputs named like blobs.

Its optimiser is left out: it takes a small summand such as MVN's eps for 0, and fails on a split of a free axis.
Passes that only tidy are run instead; ONNX Runtime optimises when it loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx_ir
import onnxruntime  # type: ignore[import-untyped]
import torch
from onnx_ir.passes import Sequential, common
from onnxscript import opset18

from ..check import Arrays
from ..errors import UnsupportedError
from .graph import Graph
from .subject import Numbers, Subject, first_line

if TYPE_CHECKING:
    from onnx_ir import Model

FILE, DATA = "model.onnx", "model.onnx.data"
LARGEST = 3 << 29
"""Weights beyond 1.5 GiB go into a file of their own: protobuf ends at 2 GiB, and the graph needs room too."""


def write_onnx(subject: Subject, graph: Graph, folder: Path) -> tuple[str, ...]:
    """Translate and save the graph; returns the names of the files written. Raises UnsupportedError."""
    try:
        translated = torch.onnx.export(
            graph.program,
            dynamo=True,
            verbose=False,
            optimize=False,
            custom_translation_table={torch.ops.aten.sort.stable: _sort},
        )
    except Exception as error:
        raise UnsupportedError(f"cannot be written as ONNX: {_innermost(error)}") from error
    assert translated is not None  # noqa: S101 (for the type checker: None is TorchScript's)
    model = translated.model
    _tidy(model)
    _name(model, *names(subject))
    model = common.NameFixPass()(model).model
    size = sum(
        value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value
    )
    external = DATA if size > LARGEST else None
    onnx_ir.save(model, folder / FILE, external_data=external)
    return (FILE, DATA) if external else (FILE,)


def open_onnx(folder: Path) -> Callable[[Arrays], list[Numbers]]:
    """Return the saved model as a function of the inputs, in the net's order, run by ONNX Runtime on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        folder / FILE, options, providers=["CPUExecutionProvider"]
    )
    taken = [entry.name for entry in session.get_inputs()]

    def run(fed: Arrays) -> list[Numbers]:
        found: list[Numbers] = session.run(None, dict(zip(taken, fed.values(), strict=True)))
        return found

    return run


def names(subject: Subject) -> tuple[list[str], list[str]]:
    """Return the names of inputs and outputs: the blobs', with `_out` where an output has an input's name.

    ONNX takes an empty name for none, so a blob without a name goes by its variable.
    """
    blobs = subject.conversion.lowering.program.blobs
    inputs = [blob or blobs[blob] for blob in subject.inputs]
    outputs: list[str] = []
    for blob in subject.outputs:
        name = blob or blobs[blob]
        while name in {*inputs, *outputs}:
            name += "_out"
        outputs.append(name)
    return inputs, outputs


def _sort(x: Any, stable: bool = True, dim: int = -1, descending: bool = False) -> Any:  # noqa: ARG001
    """torch.sort(stable=True), which the exporter lacks: ONNX's TopK puts the lower of equals' indices first."""
    size = opset18.Shape(x, start=dim, end=dim + 1 if dim != -1 else None)
    return opset18.TopK(x, size, axis=dim, largest=int(descending), sorted=1)


def _tidy(model: Model) -> None:
    """Drop names of files and functions, and what is there twice or unused; every operation stays what it is.

    CastLike is written as the Cast that it stands for, since ONNX Runtime warns that it has no kernel for it.
    """
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    for node in model.graph.all_nodes():
        if node.op_type == "CastLike":
            _write_as_cast(node)
    Sequential(
        common.OutputFixPass(),
        common.ClearMetadataAndDocStringPass(),
        common.CommonSubexpressionEliminationPass(),
        common.DeduplicateInitializersPass(),
        common.RemoveUnusedNodesPass(),
    )(model)


def _write_as_cast(node: onnx_ir.Node) -> None:
    like = node.inputs[1]
    dtype = node.outputs[0].dtype or (like.dtype if like is not None else None)
    if dtype is not None:
        node.op_type = "Cast"
        node.resize_inputs(1)
        node.attributes.add(onnx_ir.AttrInt64("to", dtype))


def _name(model: Model, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Name inputs and outputs like blobs, and the free axes `batch`, `batch_2`, ..."""
    free: dict[str, str] = {}
    for value, name in zip(model.graph.inputs, inputs, strict=True):
        value.name = name
        for size in value.shape or ():
            if isinstance(size, onnx_ir.SymbolicDim) and size.value is not None:
                free.setdefault(size.value, f"batch_{len(free) + 1}" if free else "batch")
    for value, name in zip(model.graph.outputs, outputs, strict=True):
        value.name = name
    for value in (*model.graph.inputs, *model.graph.outputs):
        value.shape = _renamed(value.shape, free)
    for node in model.graph.all_nodes():
        for value in node.outputs:
            if value not in model.graph.outputs:
                value.shape = None  # ONNX infers it; as text it would speak of the old names


def _renamed(shape: onnx_ir.Shape | None, free: dict[str, str]) -> onnx_ir.Shape | None:
    """Return a shape with its axes' new names; one that is computed from them has none."""
    if shape is None:
        return None
    sizes = [size if isinstance(size, int) else free.get(str(size.value)) for size in shape]
    return onnx_ir.Shape(sizes)


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)
