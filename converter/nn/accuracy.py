"""Caffe's accuracy, over all labels and by class."""

from __future__ import annotations

from torch import Tensor, nn

from .loss import _counted


class Accuracy(nn.Module):
    """Share of labels among the `top_k` best scores; ties count against the label (accuracy_layer.cpp)."""

    def __init__(
        self,
        top_k: int = 1,
        axis: int = 1,
        *,
        ignore_label: int | None = None,
        per_class: bool = False,
    ) -> None:
        super().__init__()
        self.top_k, self.axis, self.ignore_label, self.per_class = (
            top_k,
            axis,
            ignore_label,
            per_class,
        )

    def forward(self, x: Tensor, label: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        rows = x.movedim(self.axis, -1).flatten(0, -2)
        label = label.flatten().long()
        counted = _counted(label, self.ignore_label)
        label = label.where(counted, 0)
        better = (rows >= rows.gather(1, label[:, None])).sum(1) - 1
        right = ((better < self.top_k) & counted).to(x.dtype)
        accuracy = right.sum() / counted.sum().clamp(min=1)
        if not self.per_class:
            return accuracy
        nothing = right.new_zeros(rows.shape[1])
        hits = nothing.index_add(0, label, right)
        seen = nothing.index_add(0, label, counted.to(x.dtype))
        return accuracy, hits / seen.clamp(min=1)
