"""`trace`: every blob of a converted module, as Caffe's `net.blobs` after a forward.

The module's own `forward` runs, with its last line changed to return the variables instead of the outputs, so what
is traced is the emitted text and nothing beside it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch


def trace(
    module: torch.nn.Module, inputs: Mapping[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Run a converted module and return {blob name: array} with the final value of every blob.

    `inputs` maps each input blob's Caffe name to an array; floating arrays are cast to the module's own type.
    """
    import torch

    forward = type(module).forward
    names: Mapping[str, str] = module.blob_names  # type: ignore[assignment]
    arguments = [names.get(name, name) for name in list(inspect.signature(forward).parameters)[1:]]
    if set(arguments) != set(inputs):
        raise ValueError(f"takes the inputs {sorted(arguments)}, found {sorted(inputs)}")
    parameter = next(module.parameters(), None)
    dtype = parameter.dtype if parameter is not None else None
    tensors = [_tensor(inputs[name], dtype) for name in arguments]
    with torch.no_grad():
        values = _returning_locals(forward)(module, *tensors)
    return {
        names.get(name, name): value.detach().numpy()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def _tensor(array: np.ndarray[Any, Any], dtype: torch.dtype | None) -> torch.Tensor:
    import torch

    tensor = torch.tensor(array.copy())  # torch takes no negative strides
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


@cache
def _returning_locals(forward: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return `forward` with its return statement made `return locals()`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(forward)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef) and isinstance(function.body[-1], ast.Return)  # noqa: PT018, S101
    function.body[-1].value = ast.Call(ast.Name("locals", ast.Load()), [], [])
    function.args.args = [
        ast.arg(argument.arg) for argument in function.args.args
    ]  # annotations need no names
    function.returns = None
    code = compile(ast.fix_missing_locations(tree), inspect.getfile(forward), "exec")
    body = next(constant for constant in code.co_consts if hasattr(constant, "co_code"))
    return FunctionType(body, inspect.unwrap(forward).__globals__)
