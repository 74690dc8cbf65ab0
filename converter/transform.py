"""What a net's data layers say about its pictures (`transform_param`), for the preprocessing of the written folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .layer import number

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Transform:
    """A TransformationParameter's fields that matter in the TEST phase (data_transformer.cpp)."""

    crop_size: int = 0
    scale: float = 1.0
    mean_value: tuple[float, ...] = ()
    mean_file: str = ""


def find_transform(layers: Iterable[LayerParameter]) -> Transform | None:
    """Return the transform of the first data layer that has one, a TEST phase's before any other."""
    given = [layer for layer in layers if layer.HasField("transform_param")]
    given.sort(key=lambda layer: not any(rule.phase == 1 for rule in layer.include))
    if not given:
        return None
    param = given[0].transform_param
    return Transform(
        crop_size=param.crop_size,
        scale=number(param.scale),
        mean_value=tuple(map(number, param.mean_value)),
        mean_file=param.mean_file,
    )
