"""WindowData: windows cut out of images, for R-CNN (window_data_layer.cpp); here an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.fed import DataLayer, batched
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class WindowData(DataLayer, type="WindowData"):
    """Windows (N, 3, crop_size, crop_size) and labels (N)."""

    num_tops = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> WindowData:
        crop = proto.transform_param.crop_size
        if crop < 1:
            raise InvalidNetError("gives no transform_param.crop_size, the size of its windows")
        shape = (proto.window_data_param.batch_size, 3, crop, crop)
        return cls(**header(proto), top_shapes=batched(proto, shape))
