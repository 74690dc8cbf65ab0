"""Any Caffe model to PyTorch, exactly.

    net = converter.load_net("deploy.prototxt")
    module = converter.load("net.caffemodel", "deploy.prototxt")
    converter.convert("net.caffemodel", prototxt="deploy.prototxt", out="net_torch")

Importing this package loads neither torch nor NumPy; each function imports what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .errors import CaffeError
    from .files.mean import load_mean
    from .loading import load
    from .net import Net, load_net
    from .optimizer_groups import parameter_groups
    from .preprocess import Preprocess, load_preprocess
    from .tracing import trace
    from .weights import Weights, load_weights
    from .write import convert

__all__ = [
    "CaffeError",
    "Net",
    "Preprocess",
    "Weights",
    "convert",
    "load",
    "load_mean",
    "load_net",
    "load_preprocess",
    "load_weights",
    "parameter_groups",
    "trace",
]

_HOMES = {
    "CaffeError": "errors",
    "Net": "net",
    "Preprocess": "preprocess",
    "Weights": "weights",
    "convert": "write",
    "load": "loading",
    "load_mean": "files.mean",
    "load_net": "net",
    "load_preprocess": "preprocess",
    "load_weights": "weights",
    "parameter_groups": "optimizer_groups",
    "trace": "tracing",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # also where a submodule has the same name (`converter.load`)
        return value
