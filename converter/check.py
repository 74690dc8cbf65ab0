"""`--check`: the written source and weights against the float64 reference, on seeded noise."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tolerance
from .compare import relative_difference
from .reference import evaluate
from .tracing import trace

if TYPE_CHECKING:
    import torch

    from .write import Conversion

Arrays = dict[str, np.ndarray[Any, Any]]
SEED = 2015


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One blob: how far the module is from the reference."""

    blob: str
    difference: float

    @property
    def passed(self) -> bool:
        """Whether the difference is within the limit."""
        return self.difference <= tolerance.CAFFE


def check_folder(
    conversion: Conversion, folder: Path, inputs: Arrays | None = None
) -> tuple[Finding, ...]:
    """Load a written folder as a stranger would and compare every blob, in net order."""
    fed = inputs if inputs is not None else noise(conversion)
    ours = trace(load_folder(folder, conversion.lowering.program.class_name), fed)
    expected = evaluate(conversion.net, conversion.weights, fed, bound=conversion.bound)
    return tuple(
        Finding(blob=blob, difference=relative_difference(ours[blob], expected[blob]))
        for blob in conversion.net.shapes
    )


def noise(conversion: Conversion) -> Arrays:
    """Return seeded inputs: two pictures less their mean where the net takes images, else standard normal numbers."""
    generator = np.random.default_rng(SEED)
    fed = {}
    for blob in conversion.net.inputs:
        shape = conversion.net.shapes[blob]
        if conversion.preprocess is not None:
            shape = (min(shape[0], 2), *shape[1:])
        scale = 60.0 * conversion.preprocess.scale if conversion.preprocess is not None else 1.0
        fed[blob] = generator.normal(scale=scale, size=shape).astype(np.float32)
    return fed


def load_folder(folder: Path, class_name: str) -> torch.nn.Module:
    """Return the module of a written folder: its `model.py` run, its safetensors loaded strictly."""
    from safetensors.torch import load_file

    spec = importlib.util.spec_from_file_location(f"converted_{class_name}", folder / "model.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101 (for the type checker)
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    module: torch.nn.Module = getattr(source, class_name)()
    module.load_state_dict(load_file(folder / "model.safetensors"))
    return module.eval()
