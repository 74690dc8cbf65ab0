"""The forms that a model can be written in, and what each of them needs installed.

Source and safetensors are always written; `onnx` and `pt2` come beside them. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from .errors import UnsupportedError

FORMATS = ("safetensors", "onnx", "pt2")
_PACKAGES = {"onnx": ("onnx", "onnx_ir", "onnxruntime", "onnxscript")}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A form that was written and compared with the module."""

    format: str
    files: tuple[str, ...]
    fixed: tuple[str, ...]
    """Inputs whose first axis has to be as declared; that of the others is free."""
    difference: float
    """The largest relative difference to the module, over all outputs and the batch sizes that were tried."""


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the formats in the order of `FORMATS`. Raises UnsupportedError: unknown, or a package is missing."""
    wanted = set(formats)
    unknown = sorted(wanted.difference(FORMATS))
    if unknown:
        raise UnsupportedError(f"unknown format {unknown[0]!r}; known are {', '.join(FORMATS)}")
    for name in sorted(wanted):
        missing = [package for package in _PACKAGES.get(name, ()) if find_spec(package) is None]
        if missing:
            raise UnsupportedError(
                f"format {name!r} needs {', '.join(missing)}: pip install 'convert-caffemodel[{name}]'"
            )
    return tuple(name for name in FORMATS if name in wanted | {"safetensors"})
