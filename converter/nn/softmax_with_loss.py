"""Caffe's softmax loss: torch's cross entropy has no bound and normalises otherwise."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .loss import _counted, _normalized


class SoftmaxWithLoss(nn.Module):
    """-log of the label's softmax, at most 87.34: Caffe takes max(p, 2^-126) (softmax_loss_layer.cpp)."""

    def __init__(
        self, axis: int = 1, *, ignore_label: int | None = None, normalization: str = "VALID"
    ) -> None:
        super().__init__()
        self.axis, self.ignore_label, self.normalization = axis, ignore_label, normalization

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        log = F.log_softmax(x, self.axis).clamp(min=-126 * math.log(2))
        rows = log.movedim(self.axis, -1).flatten(0, -2)
        label = label.flatten().long()
        counted = _counted(label, self.ignore_label)
        index = -100 if self.ignore_label is None else self.ignore_label
        total = F.nll_loss(rows, label, ignore_index=index, reduction="sum")
        return _normalized(total, counted, math.prod(x.shape[: self.axis]), self.normalization)
