"""Nets in the manner of Hugging Face's transformers: an object with `logits`, or with queries for masks and classes.

Of the latter (MaskFormer, Mask2Former, OneFormer, EoMT) the map of a class is the sum over the queries of the query's
probability of the class, the last one "no object" left out, times the sigmoid of its mask, as
`post_process_semantic_segmentation` computes it. Masks are brought to the picture's size first, as in the authors' own
code; transformers takes Mask2Former's by way of 384 x 384, which moves some borders.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .adapter import Adapter, refused

TINY = 1e-12
"""Least sum of which the logarithm is taken; a float32 sigmoid below it is of no account."""


class HuggingFace(Adapter):
    """`...ForSemanticSegmentation` with `.logits`, and the universal ones with queries."""

    def read(self, output: Any, fed: Tensor) -> Tensor:
        """Return `.logits`, or the logarithm of the queries' product."""
        logits = getattr(output, "logits", None)
        if isinstance(logits, Tensor):
            return logits
        classes = getattr(output, "class_queries_logits", None)
        masks = getattr(output, "masks_queries_logits", None)
        if not isinstance(classes, Tensor) or not isinstance(masks, Tensor):
            raise refused(
                output, "an object with logits, or class_queries_logits and masks_queries_logits"
            )
        return _of_queries(classes, masks, (fed.shape[2], fed.shape[3]))


def _of_queries(classes: Tensor, masks: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, Q, K + 1) and (N, Q, h, w) -> (N, K, *size)."""
    masks = functional.interpolate(masks, size, mode="bilinear", align_corners=False)
    chances = classes.softmax(2)[:, :, :-1]
    return torch.einsum("nqk,nqhw->nkhw", chances, masks.sigmoid()).clamp(min=TINY).log()


def hugging_face(net: nn.Module, num_classes: int | None = None, **options: Any) -> Adapter:
    """Return the segmenter of a net of transformers; the number of classes is its configuration's where not given.

    The normalisation is ImageNet's where `options`, which are Adapter's, give no other: SegFormer, BEiT and the mask
    classifiers have it; MobileNetV2's and MobileViT's do not.
    """
    config: Any = getattr(net, "config", None)
    classes = num_classes if num_classes is not None else int(config.num_labels)
    return HuggingFace(net, classes, **options)
