"""Caffe's fillers: what a blob holds before a net is trained (filler.hpp).

fan_in is the count over axis 0, fan_out the count over axis 1 (the whole count of a blob with one axis). For an inner
product's weights (outputs, inputs) that makes fan_in the inputs and fan_out the outputs, transposed the reverse.
The distributions are Caffe's, the numbers are not: its generator depends on how Caffe was built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, prod
from types import MappingProxyType

import numpy as np

from .errors import InvalidNetError
from .layer import Filler, Stored
from .program import Shape

DETERMINISTIC = frozenset({"constant", "bilinear"})
NORMS = ("FAN_IN", "FAN_OUT", "AVERAGE")  # FillerParameter.VarianceNorm


def fill(filler: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    """Return a float32 array of this shape; a read-only view of one number where it is constant.

    Raises:
        InvalidNetError: a filler that Caffe does not have, or one that it refuses for this shape.
    """
    make = _FILLERS.get(filler.type)
    if make is None:
        raise InvalidNetError(f"filler {filler.type!r} is unknown; known are {', '.join(_FILLERS)}")
    if filler.sparse != -1 and filler.type != "gaussian":
        raise InvalidNetError(
            f"filler {filler.type!r} gives sparse {filler.sparse}; only 'gaussian' can be sparse"
        )
    return make(filler, shape, generator)


def _constant(filler: Filler, shape: Shape, _: np.random.Generator) -> Stored:
    return np.broadcast_to(np.float32(filler.value), shape)


def _uniform(filler: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    if filler.min > filler.max:
        raise InvalidNetError(f"filler 'uniform' has min {filler.min} above max {filler.max}")
    return _between(filler.min, filler.max, shape, generator)


def _gaussian(filler: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    """N(mean, std^2); `sparse` is how many inputs of each output are not 0, on average."""
    if filler.std <= 0:
        raise InvalidNetError(f"filler 'gaussian' has std {filler.std}; it must be above 0")
    values = _normal(filler.mean, filler.std, shape, generator)
    if filler.sparse == -1:
        return values
    outputs = shape[0] if shape else 1
    if not 0 <= filler.sparse <= outputs:
        raise InvalidNetError(
            f"filler 'gaussian' has sparse {filler.sparse}; with {outputs} outputs it may be 0 to {outputs}"
        )
    # filler.hpp divides by the outputs, although the field's comment speaks of inputs
    kept = generator.random(shape, np.float32) < np.float32(filler.sparse / outputs)
    return np.asarray(values * kept, np.float32)


def _positive_unitball(_: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    """U(0, 1), each row of axis 0 then divided by its sum."""
    rows = generator.random(shape, np.float32).reshape(shape[0] if shape else 1, -1)
    return np.asarray(rows / rows.sum(1, np.float64, keepdims=True), np.float32).reshape(shape)


def _xavier(filler: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    """U(-a, a) with a = sqrt(3 / n)."""
    limit = float(np.sqrt(3 / _fan(filler, shape)))
    return _between(-limit, limit, shape, generator)


def _msra(filler: Filler, shape: Shape, generator: np.random.Generator) -> Stored:
    """N(0, 2 / n)."""
    return _normal(0.0, float(np.sqrt(2 / _fan(filler, shape))), shape, generator)


def _bilinear(_: Filler, shape: Shape, __: np.random.Generator) -> Stored:
    """The kernel of bilinear enlargement, the same for all channels; `c` and the quotients are float32 as in Caffe."""
    if len(shape) != 4 or shape[2] != shape[3]:
        raise InvalidNetError(
            f"filler 'bilinear' is for 4 axes and a square kernel, found shape {shape}"
        )
    factor = ceil(shape[3] / 2)
    center = np.float32((2 * factor - 1 - factor % 2) / (2.0 * factor))
    away = np.abs(np.arange(shape[3], dtype=np.float32) / np.float32(factor) - center)
    line = np.float32(1) - away
    return np.broadcast_to(line[:, None] * line, shape)


def _fan(filler: Filler, shape: Shape) -> float:
    """Return the n that `variance_norm` asks for."""
    count = prod(shape)
    fan_in = count // (shape[0] if shape else 1)
    fan_out = count // shape[1] if len(shape) > 1 else count
    return {
        "FAN_IN": float(fan_in),
        "FAN_OUT": float(fan_out),
        "AVERAGE": (fan_in + fan_out) / 2,
    }[NORMS[filler.variance_norm]]


def _between(low: float, high: float, shape: Shape, generator: np.random.Generator) -> Stored:
    values = generator.random(shape, np.float32)
    return np.asarray(values * np.float32(high - low) + np.float32(low), np.float32)


def _normal(mean: float, std: float, shape: Shape, generator: np.random.Generator) -> Stored:
    values = generator.standard_normal(shape, np.float32)
    return np.asarray(values * np.float32(std) + np.float32(mean), np.float32)


_FILLERS: Mapping[str, Callable[[Filler, Shape, np.random.Generator], Stored]] = MappingProxyType(
    {
        "constant": _constant,
        "gaussian": _gaussian,
        "positive_unitball": _positive_unitball,
        "uniform": _uniform,
        "xavier": _xavier,
        "msra": _msra,
        "bilinear": _bilinear,
    }
)
