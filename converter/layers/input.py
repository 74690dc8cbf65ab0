"""Input: a blob that the caller feeds (input_layer.cpp)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.fed import Fed
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Input(Fed, type="Input"):
    """One shape for each top, or one for all."""

    @classmethod
    def parse(cls, proto: LayerParameter) -> Input:
        given = tuple(tuple(shape.dim) for shape in proto.input_param.shape)
        tops = len(proto.top)
        if len(given) == 1:
            given *= tops
        if len(given) != tops:
            raise InvalidNetError(
                f"has {tops} tops and {len(given)} shapes; give input_param one shape, or one for each top"
            )
        return cls(**header(proto), top_shapes=given)
