"""Caffe's softmax loss with a cost for each confusion."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .loss import _counted, _normalized


class InfogainLoss(nn.Module):
    """-sum of H[label] * log(max(softmax, 1e-20)) (infogain_loss_layer.cpp).

    H is a third input, or with `classes` a buffer of the module.
    """

    matrix: Tensor

    def __init__(
        self,
        axis: int = 1,
        *,
        classes: int | None = None,
        ignore_label: int | None = None,
        normalization: str = "VALID",
    ) -> None:
        super().__init__()
        self.axis, self.ignore_label, self.normalization = axis, ignore_label, normalization
        self.register_buffer("matrix", torch.zeros(classes, classes) if classes else None)

    def forward(self, x: Tensor, label: Tensor, matrix: Tensor | None = None) -> Tensor:
        log = F.log_softmax(x, self.axis).clamp(min=math.log(1e-20))
        rows = log.movedim(self.axis, -1).flatten(0, -2)
        label = label.flatten().long()
        counted = _counted(label, self.ignore_label)
        square = self.matrix if matrix is None else matrix.reshape(rows.shape[1], -1)
        costs = square[label.where(counted, 0)] * -rows
        total = costs.where(counted[:, None], 0).sum()
        return _normalized(total, counted, math.prod(x.shape[: self.axis]), self.normalization)
