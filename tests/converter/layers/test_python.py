"""Python layers: refused by name, unless a Layer subclass of that name was supplied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from one_layer import expect, refuse

from converter.layer import Layer, header
from converter.program import Bottom, function

TEXT = """layer { name: "twice" type: "Python" bottom: "x" top: "y"
          python_param { module: "doubling" layer: "Twice" param_str: "3" } }"""
X = np.array([[1.0, -2.5]])


def test_unknown_python_layer_is_refused_by_module_and_class(tmp_path) -> None:
    refuse(
        tmp_path,
        TEXT,
        "'twice'.*'Twice' of the Python module 'doubling'.*'Python:doubling.Twice'",
        x=X,
    )


def test_supplied_python_layer_is_used(tmp_path, own_layers) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Twice(Layer, type="Python:doubling.Twice"):
        factor: float

        @classmethod
        def parse(cls, proto):
            return cls(**header(proto), factor=float(proto.python_param.param_str))

        def shapes(self, bottoms):
            return (bottoms[0],)

        def reference(self, bottoms, blobs):
            return (bottoms[0] * self.factor,)

        def lower(self, bottoms):
            return function("*", Bottom(0), self.factor)

    expect(tmp_path, TEXT, [[3.0, -7.5]], x=X)
