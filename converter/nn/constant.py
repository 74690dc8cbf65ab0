"""Blobs that nothing feeds."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Constant(nn.Module):
    """Caffe's DummyData with constant fillers (dummy_data_layer.cpp): one value for each blob."""

    values: Tensor

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.shapes = shapes
        self.register_buffer("values", torch.empty(len(shapes)))

    def forward(self) -> Tensor | tuple[Tensor, ...]:
        blobs = tuple(self.values[at].expand(shape) for at, shape in enumerate(self.shapes))
        return blobs if len(blobs) > 1 else blobs[0]
