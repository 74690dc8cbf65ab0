"""One Caffe layer per file, named like its type: `InnerProduct` in `inner_product.py`.

A file is imported when a net first has its type, so that a net of ten types costs ten imports and not a hundred.
Adding a layer is adding its file; nothing else lists them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..layer import Layer

FILES = {entry.name.replace("_", ""): entry.name for entry in iter_modules(__path__)}
"""A type in lower case -> the file that defines it."""


def find(layer_type: str) -> type[Layer] | None:
    """Return the class of a Caffe layer type, None if there is none."""
    if layer_type not in Layer.registry and (file := FILES.get(layer_type.lower())):
        import_module(f".{file}", __name__)
    return Layer.registry.get(layer_type)


def every() -> dict[str, type[Layer]]:
    """Return all types, those registered from outside too."""
    for file in FILES.values():
        import_module(f".{file}", __name__)
    return Layer.registry
