"""The largest values' indices, where torch leaves the order of equals open."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ArgMax(nn.Module):
    """Caffe's ArgMax (argmax_layer.cpp): among equals the larger index comes first.

    Without `axis` an item's values are ranked together: (N, 1, k), or (N, 2, k) with the values beside the indices.
    """

    def __init__(self, axis: int | None = None, top_k: int = 1, *, max_val: bool = False) -> None:
        super().__init__()
        self.axis, self.top_k, self.max_val = axis, top_k, max_val

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(x.shape[0], -1) if self.axis is None else x
        axis = 1 if self.axis is None else self.axis
        values, indices = self._rank(rows, axis)
        if self.axis is not None:
            return values if self.max_val else indices
        top = torch.stack((indices, values), 1) if self.max_val else indices.unsqueeze(1)
        return top.reshape(*top.shape, *(1,) * (x.ndim - 3))

    def _rank(self, rows: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Return the largest values along an axis and their indices; torch takes the first of equals."""
        backward = rows.flip(axis)
        if self.top_k == 1:
            values, places = backward.max(axis, keepdim=True)
        else:
            values, places = backward.sort(dim=axis, descending=True, stable=True)
            values, places = (part.narrow(axis, 0, self.top_k) for part in (values, places))
        return values, (rows.shape[axis] - 1 - places).to(rows.dtype)
