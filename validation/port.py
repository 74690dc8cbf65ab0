"""The port that is judged: a module, a converted folder, or by default what the converter makes of the model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converter.errors import FileFormatError

from .report import Check, within
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
    return port.eval()


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

    expected = state_dict(conversion.net, conversion.lowering, conversion.bound)
    found = {key: tensor.detach().cpu().numpy() for key, tensor in module.state_dict().items()}
    numbers = sum(array.size for array in expected.values())
    if named := expected.keys() <= found.keys():
        wrong = [key for key, array in expected.items() if not _same(found[key], array)]
    else:
        wrong = _absent(expected, found)
    detail = f"{len(expected)} parameters, {numbers:,} numbers, bit for bit"
    detail += "" if named else ", found by content, for the port has other names"
    if wrong:
        told = [_said(key, found[key], expected[key]) if named else key for key in wrong[:8]]
        detail += f"; differ: {', '.join(told)}" + (" ..." if len(wrong) > 8 else "")
    return within("weights", len(wrong), 0, detail, "weights"), tuple(wrong)


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
    return found.shape == expected.shape and _digest(found) == _digest(expected)


def _absent(expected: Trace, found: Trace) -> list[str]:
    """Return the keys of arrays that no tensor of the port has; each tensor may stand for one."""
    left: dict[tuple[tuple[int, ...], bytes], int] = {}
    for array in found.values():
        key = (array.shape, _digest(array))
        left[key] = left.get(key, 0) + 1
    absent = []
    for name, array in expected.items():
        key = (array.shape, _digest(array))
        if not left.get(key):
            absent.append(name)
        else:
            left[key] -= 1
    return absent


def _digest(array: Array) -> bytes:
    """Return a digest of the bits, the type included."""
    digest = hashlib.blake2b(str(array.dtype).encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view("u1").data)
    return digest.digest()
