"""Any Caffe model to PyTorch, exactly.

    net = converter.load_net("deploy.prototxt")
    module = converter.load("net.caffemodel", "deploy.prototxt")
    converter.convert("net.caffemodel", prototxt="deploy.prototxt", out="net_torch")

Importing this package loads neither torch nor NumPy; each function imports what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import names_from

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
    __getattr__ = names_from(__name__, _HOMES)
