"""Data: images from a LevelDB or LMDB (data_layer.cpp); here an input.

The text tells height and width by `crop_size` only. Channels that it does not tell are taken to be 3; weights that
need another number are refused when they are bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..families.fed import DataLayer, batched, channels
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class Data(DataLayer, type="Data"):
    """Images (N, C, crop_size, crop_size) and, as a second top, labels (N)."""

    num_tops = (1, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> Data:
        transform = proto.transform_param
        crop = transform.crop_size
        shape = (proto.data_param.batch_size, channels(transform) if crop else 0, crop, crop)
        return cls(**header(proto), top_shapes=batched(proto, shape))
