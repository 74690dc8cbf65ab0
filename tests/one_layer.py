"""A net of Input layers and one other text, computed by the module and by the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import assert_close

from converter import tolerance
from converter.errors import CaffeError
from converter.loading import to_module
from converter.net import Net, load_net
from converter.reference import evaluate
from converter.tracing import trace

Arrays = dict[str, np.ndarray[Any, Any]]


def net_of(folder: Path, text: str, **inputs: Any) -> Net:
    """The net of this text behind an Input for each array."""
    path = folder / "net.prototxt"
    fed = [
        f'layer {{ type: "Input" name: "{name}" top: "{name}" input_param {{ shape {{ '
        f"{' '.join(f'dim: {size}' for size in np.shape(array))} }} }} }}\n"
        for name, array in inputs.items()
    ]
    path.write_text("".join(fed) + text)
    return load_net(path)


def compute(folder: Path, text: str, **inputs: Any) -> Arrays:
    """Every blob by the float64 module, after the reference was found equal."""
    net = net_of(folder, text, **inputs)
    arrays = {name: np.asarray(array, float) for name, array in inputs.items()}
    blobs = trace(to_module(net, None, allow_missing=True).double(), arrays)
    reference = evaluate(net, None, arrays, allow_missing=True)
    for name, array in reference.items():
        assert_close(name, blobs[name], array, tolerance.FLOAT64)
    return blobs


def expect(folder: Path, text: str, expected: Any, **inputs: Any) -> None:
    """The blob `y` of module and reference must be this."""
    y = compute(folder, text, **inputs)["y"]
    assert_close("y", y, np.asarray(expected, float), tolerance.FLOAT64)


def refuse(folder: Path, text: str, match: str, **inputs: Any) -> None:
    """The net must be refused with this message."""
    with pytest.raises(CaffeError, match=match):
        net_of(folder, text, **inputs)
