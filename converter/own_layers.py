"""Layers from outside, on the command line: `--layers my_layers.py` runs a Python file of the user's.

In Python no such thing is needed: import the module that defines the layers before a net is loaded.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from .errors import InvalidNetError, context
from .layer import Layer

__all__ = ["import_layers"]


def import_layers(path: str | Path) -> tuple[str, ...]:
    """Run a Python file and return the layer types that it defined.

    Its code runs with all rights of this process, as `python file.py` would. Its module is `caffe_layers.<stem>`.

    Raises:
        InvalidNetError: the file is not there, fails (with its line), or defines no Layer subclass with a type.
    """
    path = Path(path)
    with context(str(path)):
        if not path.is_file():
            raise InvalidNetError(
                "is no file; --layers takes a Python file that defines Layer subclasses"
            )
        name = f"caffe_layers.{path.stem}"
        _run(path, name)
        types = tuple(
            sorted(kind for kind, cls in Layer.registry.items() if cls.__module__ == name)
        )
        if not types:
            raise InvalidNetError(
                "defines no layer; a layer is `class Name(Layer, type=...)`, see docs/your-own-layer.md"
            )
        return types


def _run(path: Path, name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InvalidNetError("is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = _line(error, path)
        raise InvalidNetError(f"{line}{type(error).__name__}: {error}") from error


def _line(error: Exception, path: Path) -> str:
    """Return `line 3: `, the innermost line of the file that the error came through."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f"line {lines[-1]}: " if lines else ""
