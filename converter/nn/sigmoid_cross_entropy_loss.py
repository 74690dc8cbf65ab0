"""Binary cross entropy that leaves out one label."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from .loss import _counted, _normalized


class SigmoidCrossEntropyLoss(nn.Module):
    """Summed over the targets that are not ignored (sigmoid_cross_entropy_loss_layer.cpp)."""

    def __init__(self, ignore_label: int, *, normalization: str = "BATCH_SIZE") -> None:
        super().__init__()
        self.ignore_label, self.normalization = ignore_label, normalization

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        counted = _counted(target, self.ignore_label)
        terms = F.binary_cross_entropy_with_logits(x, target, reduction="none")
        return _normalized(terms.where(counted, 0).sum(), counted, x.shape[0], self.normalization)
