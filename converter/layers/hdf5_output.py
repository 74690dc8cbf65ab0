"""HDF5Output: writes its two bottoms to a file while Caffe runs (hdf5_output_layer.cpp); a module writes none."""

from __future__ import annotations

from dataclasses import dataclass

from ..families.sink import Sink


@dataclass(frozen=True, kw_only=True)
class HDF5Output(Sink, type="HDF5Output"):
    """Data and label, no code."""

    num_bottoms = (2, 2)
    restrictions = "no file is written"
