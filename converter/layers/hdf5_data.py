"""HDF5Data: arrays from HDF5 files named in a text file (hdf5_data_layer.cpp); here an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidNetError
from ..families.fed import DataLayer
from ..layer import header

if TYPE_CHECKING:
    from protos import LayerParameter


@dataclass(frozen=True, kw_only=True)
class HDF5Data(DataLayer, type="HDF5Data"):
    """One top for each data set of that name; only the files know their shapes."""

    @property
    def described(self) -> tuple[str, ...]:
        """Every top: any of them may have any shape."""
        return self.tops

    @classmethod
    def parse(cls, proto: LayerParameter) -> HDF5Data:
        if proto.HasField("transform_param"):
            raise InvalidNetError("takes no transform_param; HDF5 data is used as it is")
        unknown = (proto.hdf5_data_param.batch_size, 0, 0, 0)
        return cls(**header(proto), top_shapes=(unknown,) * len(proto.top))
