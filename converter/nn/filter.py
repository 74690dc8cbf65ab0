"""Items chosen by their selector, so that the batch size depends on the data."""

from __future__ import annotations

from torch import Tensor, nn


class Filter(nn.Module):
    """Caffe's Filter (filter_layer.cpp): of each bottom but the last, the items whose selector is not 0."""

    def forward(self, *bottoms: Tensor) -> Tensor | tuple[Tensor, ...]:
        *data, selector = bottoms
        selected = selector.flatten().nonzero().squeeze(1)
        tops = tuple(x.index_select(0, selected) for x in data)
        return tops if len(tops) > 1 else tops[0]
