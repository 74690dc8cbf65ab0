"""The port that is judged: a module, a converted folder, or by default what the converter makes of the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converter.errors import FileFormatError

from .report import Check, not_run, within
from .traces import Array, Trace

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion


def find_port(conversion: Conversion, port: torch.nn.Module | str | Path | None) -> torch.nn.Module:
    """Return the module to judge, in eval mode. A folder's `model.py` is run, so it should be one that is trusted.

    Raises:
        FileFormatError: the folder holds no port that loads.
    """
    if port is None:
        return _converted(conversion)
    if isinstance(port, str | Path):
        return _of_folder(Path(port), conversion)
    try:
        return port.eval()
    except NotImplementedError:  # an exported program, which has one mode
        return port


def _converted(conversion: Conversion) -> torch.nn.Module:
    from converter.loading import instantiate
    from converter.state import state_dict

    state = state_dict(conversion.net, conversion.lowering, conversion.bound)
    return instantiate(conversion.lowering.program, state, conversion.weights)


def _of_folder(folder: Path, conversion: Conversion) -> torch.nn.Module:
    from converter.check import load_folder

    for file in ("model.py", "model.safetensors"):
        if not (folder / file).is_file():
            raise FileFormatError(f"{folder}: has no {file}; a port is a folder with both")
    name = _class_name(folder, conversion)
    try:
        return load_folder(folder, name)
    except (Exception, SystemExit) as error:  # somebody's code may raise anything
        said = str(error).strip() or type(error).__name__
        said = f"it exits with {said}" if isinstance(error, SystemExit) else said
        if isinstance(error, KeyError) and error.args == (name,):
            said = f'model.py has no class {name!r}; conversion.json may name another, {{"class": ...}}'
        raise FileFormatError(f"{folder}: the port does not load: {said}") from error


def _class_name(folder: Path, conversion: Conversion) -> str:
    """Return the class that the folder's record names, or the one that the converter would have written."""
    record = folder / "conversion.json"
    if not record.is_file():
        return conversion.lowering.program.class_name
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["class"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{record}: does not name the class of model.py; write it anew, or remove it"
        ) from error


def compare_weights(
    conversion: Conversion, module: torch.nn.Module
) -> tuple[Check, tuple[str, ...]]:
    """Compare the port's weights with the file's, bit for bit; return the check and the keys of those that differ.

    `measured` is the number of parameters that differ. A port that names its parameters otherwise is searched for
    tensors of the same shape and bits.
    """
    from converter.state import state_dict

    state = state_dict(conversion.net, conversion.lowering, conversion.bound)
    counter = "num_batches_tracked"  # torch's own, which no file of Caffe's holds
    expected = {key: array for key, array in state.items() if not key.endswith(counter)}
    found = _tensors(module)
    if expected and not found:
        return not_run("weights", "the port's state_dict is empty", "weights"), ()
    numbers = sum(array.size for array in expected.values())
    if named := expected.keys() <= found.keys():
        wrong: dict[str, Array | None] = {
            key: found[key] for key, array in expected.items() if not _same(found[key], array)
        }
    else:
        wrong = _absent(expected, found)
    detail = f"{len(expected)} parameters, {numbers:,} numbers, bit for bit"
    detail += "" if named else ", found by content, for the port has other names"
    unlike = [key for key, array in wrong.items() if array is None]
    told = [_said(key, array, expected[key]) for key, array in wrong.items() if array is not None]
    detail += f"; differ: {_few(told)}" if told else ""
    detail += f"; no tensor of the port is like {_few(unlike)}" if unlike else ""
    detail += _types(module) if wrong else ""
    return within("weights", len(wrong), 0, detail, "weights"), tuple(wrong)


def _tensors(module: torch.nn.Module) -> dict[str, Array]:
    """Return the parameters and buffers that are numbers; a quantized module has others."""
    import torch

    from .net.watch import as_array

    return {
        key: as_array(tensor)
        for key, tensor in module.state_dict().items()
        if isinstance(tensor, torch.Tensor) and not tensor.is_quantized
    }


def _few(told: Sequence[str]) -> str:
    return ", ".join(told[:8]) + (" ..." if len(told) > 8 else "")


def _types(module: torch.nn.Module) -> str:
    """Say in which other type the port holds its parameters, for then no number is the file's."""
    found = {str(part.dtype) for part in module.parameters()} - {"torch.float32"}
    return f"; the port is in {', '.join(sorted(found))}" if found else ""


def _said(key: str, found: Array, expected: Array) -> str:
    """Say how many numbers of a parameter differ, and which of them most."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"{key} is {found.dtype} {found.shape} for {expected.dtype} {expected.shape}"
    differs = found != expected
    gap = np.where(differs, np.abs(found.astype(np.float64) - expected), -1.0)
    gap = np.nan_to_num(gap, nan=np.inf)
    at = tuple(map(int, np.unravel_index(int(gap.argmax()), gap.shape)))
    count = f"{int(differs.sum()):,} of {differs.size:,} numbers"
    return f"{key} ({count}; most at {at}: {found[at]!s} for {expected[at]!s})"


def _same(found: Array, expected: Array) -> bool:
    """Whether the bits are the same; the shape may be another, as of a convolution for a linear layer."""
    return found.size == expected.size and _digest(found) == _digest(expected)


def _absent(expected: Trace, found: Trace) -> dict[str, Array | None]:
    """Return the arrays that no tensor of the port has, each with the tensor that it is mostly, in its shape, if any.

    Each tensor may stand for one.
    """
    left: dict[bytes, list[Array]] = {}
    for array in found.values():
        left.setdefault(_digest(array), []).append(array)
    absent = []
    for name, array in expected.items():
        same = left.get(_digest(array))
        if same:
            same.pop()
        else:
            absent.append(name)
    others = [array for arrays in left.values() for array in arrays]
    return {name: _mostly(expected[name], others) for name in absent}


def _mostly(expected: Array, others: Sequence[Array]) -> Array | None:
    """Return the first array of which more than half of the numbers are the expected ones."""
    for array in others:
        if array.size == expected.size and array.dtype == expected.dtype:
            array = array.reshape(expected.shape)  # noqa: PLW2901
            if np.mean(array == expected) > 0.5:
                return array
    return None


def _digest(array: Array) -> bytes:
    """Return a digest of the bits, the type included."""
    digest = hashlib.blake2b(str(array.dtype).encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view("u1").data)
    return digest.digest()
