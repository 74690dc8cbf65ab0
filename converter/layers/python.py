"""Python: a layer in Python code beside the net, which a converter cannot see (python_layer.hpp)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UnsupportedError
from ..layer import Layer

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Python(Layer, type="Python"):
    """Refused by module and class, unless that class was supplied as a `Layer` subclass of its own.

    For `python_param { module: "rois" layer: "Rois" }`, define before loading the net:

        class Rois(Layer, type="Python:rois.Rois"):
            @classmethod
            def parse(cls, proto): ...  # proto.python_param.param_str holds its options

    with `shapes`, `reference` and `lower` like any other layer; `lower` may use what torch has.
    """

    restrictions = "needs a Layer subclass of type 'Python:module.layer' (your-own-layer.md)"

    @classmethod
    def parse(cls, proto: LayerParameter) -> Layer:
        param = proto.python_param
        supplied = f"Python:{param.module}.{param.layer}"
        known = Layer.registry.get(supplied)
        if known is None:
            raise UnsupportedError(
                f"is layer {param.layer!r} of the Python module {param.module!r}, code that is not in "
                f"the net; define a converter.layer.Layer subclass with type={supplied!r} before loading"
            )
        return known.parse(proto)
