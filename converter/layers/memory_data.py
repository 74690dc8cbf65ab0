"""MemoryData: arrays that a program hands over (memory_data_layer.cpp); here an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.fed import DataLayer, batched
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class MemoryData(DataLayer, type="MemoryData"):
    """Data (N, C, H, W) and labels (N)."""

    num_tops = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> MemoryData:
        param = proto.memory_data_param
        shape = (param.batch_size, param.channels, param.height, param.width)
        if 0 in shape:
            raise InvalidNetError(
                f"batch_size, channels, height and width are {shape}; each must be at least 1"
            )
        return cls(**header(proto), top_shapes=batched(proto, shape))
