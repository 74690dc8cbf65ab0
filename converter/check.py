"""`--check`: the written source and weights against the float64 reference, on seeded noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tolerance
from .compare import relative_difference
from .program import Shape
from .reference import evaluate
from .tracing import trace

if TYPE_CHECKING:
    import torch

    from .conversion import Conversion
    from .layer import Layer
    from .net import Net

Arrays = dict[str, np.ndarray[Any, Any]]
SEED = 2015


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One blob: how far the module is from the reference."""

    blob: str
    difference: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the difference is within the limit."""
        return self.difference <= self.limit


def check_folder(
    conversion: Conversion, folder: Path, inputs: Arrays | None = None
) -> tuple[Finding, ...]:
    """Load a written folder as a stranger would and compare every blob, in net order."""
    fed = inputs if inputs is not None else noise(conversion)
    ours = trace(load_folder(folder, conversion.lowering.program.class_name), fed)
    expected = evaluate(conversion.net, conversion.weights, fed, bound=conversion.bound, given=ours)
    makers = {top: layer for layer in conversion.net.layers for top in layer.tops}
    with np.errstate(over="ignore"):  # beyond float32 both are infinite
        return tuple(
            Finding(
                blob=blob,
                difference=relative_difference(ours[blob], expected[blob].astype(np.float32)),
                limit=_limit(makers[blob], ours, expected),
            )
            for blob in conversion.net.shapes
        )


def _limit(maker: Layer, ours: Arrays, expected: Arrays) -> float:
    """Return the limit of what a layer makes; a softmax can be no closer than its logits are, which have their own."""
    if "Softmax" not in maker.type:
        return tolerance.CAFFE
    logits = maker.bottoms[0]
    if logits in maker.tops:  # in place, so they are gone
        return tolerance.SATURATED_SOFTMAX
    gap = float(np.abs(ours[logits] - expected[logits]).max(initial=0))
    return tolerance.CAFFE + tolerance.SOFTMAX_OF_LOGITS * min(gap, 1.0)


def noise(
    conversion: Conversion,
    shapes: Mapping[str, Shape] | None = None,
    seed: int = SEED,
    loudness: float = 1.0,
) -> Arrays:
    """Return seeded inputs: pictures less their mean where the net takes images, integers where it counts with them,
    else standard normal numbers.

    Without `shapes` they have the declared ones, but are not more than two pictures. All but integers are
    multiplied by `loudness`.
    """
    generator = np.random.default_rng(seed)
    choices = _choices(conversion.net)
    fed = {}
    for blob in conversion.net.inputs:
        shape = shapes[blob] if shapes is not None else conversion.net.shapes[blob]
        if conversion.preprocess is not None and shapes is None:
            shape = (min(shape[0], 2), *shape[1:])
        if blob in choices:
            fed[blob] = generator.integers(choices[blob], size=shape).astype(np.float32)
            continue
        scale = 60.0 * conversion.preprocess.scale if conversion.preprocess is not None else 1.0
        fed[blob] = generator.normal(scale=scale * loudness, size=shape).astype(np.float32)
    return fed


def _choices(net: Net) -> dict[str, int]:
    """Return the inputs that some layer takes as integers below n."""
    return {
        step.layer.bottoms[at]: count
        for step in net.steps
        for at, count in step.layer.choices(step.bottoms).items()
    }


def load_folder(folder: Path, class_name: str) -> torch.nn.Module:
    """Return the module of a written folder: its `model.py` run, its safetensors loaded strictly.

    It is not imported, which would leave a `__pycache__` in the folder.
    """
    from safetensors.torch import load_file

    path = folder / "model.py"
    names: dict[str, Any] = {"__name__": f"converted_{class_name}"}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), names)  # noqa: S102 (our own text)
    module: torch.nn.Module = names[class_name]()
    module.load_state_dict(load_file(folder / "model.safetensors"))
    return module.eval()
