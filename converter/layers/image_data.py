"""ImageData: images named in a text file (image_data_layer.cpp); here an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.fed import DataLayer, batched
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class ImageData(DataLayer, type="ImageData"):
    """Images (N, C, H, W), of `crop_size` or else `new_height` and `new_width`; labels (N)."""

    num_tops = (2, 2)

    @classmethod
    def parse(cls, proto: LayerParameter) -> ImageData:
        param = proto.image_data_param
        size = (param.new_height, param.new_width)
        if any(size) and not all(size):
            raise InvalidNetError(
                f"new_height {size[0]} and new_width {size[1]} must be given together"
            )
        crop = proto.transform_param.crop_size
        height, width = (crop, crop) if crop else size
        shape = (param.batch_size, 3 if param.is_color else 1, height, width)
        return cls(**header(proto), top_shapes=batched(proto, shape))
