"""Nets in torchvision's manner: a dict whose `out` holds the logits, beside it perhaps `aux`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from .adapter import Adapter, refused


class TorchvisionStyle(Adapter):
    """`fcn_resnet101`, `deeplabv3_resnet101`, `lraspp_mobilenet_v3_large` and their like."""

    def read(self, output: Any, fed: Tensor) -> Tensor:  # noqa: ARG002
        """Return `output["out"]`."""
        if not isinstance(output, Mapping) or "out" not in output:
            raise refused(output, "a dict with 'out'")
        logits: Tensor = output["out"]
        return logits


def torchvision_style(net: nn.Module, num_classes: int, **options: Any) -> Adapter:
    """Return the segmenter of a net that returns {"out": (N, num_classes, h, w)}; `options` are Adapter's."""
    return TorchvisionStyle(net, num_classes, **options)
