"""`Adapter`: from a picture in 0..1 to what somebody's net wants, and from what it returns to logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from converter.errors import InvalidNetError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""RGB in 0..1: what torchvision's, Hugging Face's and nearly all other published segmenters are trained with."""


class Adapter(nn.Module):
    """A `Segmenter` around `net`; subclasses say in `read` where its output holds the logits."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        net: nn.Module,
        num_classes: int,
        *,
        mean: tuple[float, ...] = IMAGENET_MEAN,
        deviation: tuple[float, ...] = IMAGENET_DEVIATION,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        self.net, self.num_classes, self.stride = net, num_classes, stride
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).reshape(1, -1, 1, 1))

    def extra_repr(self) -> str:
        """Return what no weight says, so that it counts in the fingerprint."""
        return f"num_classes={self.num_classes}, stride={self.stride}"

    def forward(self, data: Tensor) -> Tensor:
        """(N, 3, H, W) in 0..1 -> (N, num_classes, h, w)."""
        fed = self.normalized(data)
        height, width = fed.shape[2:]
        down, right = (-size % (self.stride or 1) for size in (height, width))
        if not (down or right):
            return self._logits(fed)
        whole = functional.pad(fed, (0, right, 0, down), mode="replicate")
        return _resized(self._logits(whole), whole)[:, :, :height, :width]

    def normalized(self, data: Tensor) -> Tensor:
        """Return what the net is fed, before it is padded."""
        return (data - self.mean) / self.deviation

    def _logits(self, fed: Tensor) -> Tensor:
        logits = self.read(self.net(fed), fed)
        if logits.ndim != 4:
            raise InvalidNetError(
                f"the segmenter gives {tuple(logits.shape)}, no map for each class; "
                "(N, classes, height, width) is needed"
            )
        return logits

    def read(self, output: Any, fed: Tensor) -> Tensor:
        """Return the logits (N, num_classes, h, w) in what the net returned for `fed`."""
        raise NotImplementedError


class Plain(Adapter):
    """A net that returns the logits themselves, as segmentation-models-pytorch's do."""

    def read(self, output: Any, fed: Tensor) -> Tensor:  # noqa: ARG002
        """Return the output."""
        if not isinstance(output, Tensor):
            raise refused(output, "a tensor")
        return output


def plain(net: nn.Module, num_classes: int, **options: Any) -> Adapter:
    """Return the segmenter of a net that returns (N, num_classes, h, w); `options` are Adapter's.

    segmentation-models-pytorch's nets need `stride=32` (16 for DeepLabV3): they refuse sides like 227.
    """
    return Plain(net, num_classes, **options)


def refused(output: object, wanted: str) -> InvalidNetError:
    """Return the error for a net that returns something else."""
    keys = f" of {', '.join(map(str, output))}" if isinstance(output, dict) else ""
    return InvalidNetError(
        f"the segmenter returns {type(output).__name__}{keys}; {wanted} is needed: take another adapter"
    )


def _resized(logits: Tensor, like: Tensor) -> Tensor:
    if logits.shape[2:] == like.shape[2:]:
        return logits
    return functional.interpolate(logits, like.shape[2:], mode="bilinear", align_corners=False)
