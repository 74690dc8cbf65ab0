"""Segmenters for TripleMem: nets from elsewhere, frozen, that say of each pixel what it shows.

    from memnet.segmenters import torchvision_style
    segmenter = torchvision_style(net, num_classes=21)  # any net in torchvision's manner, from wherever it comes

No weights of a segmenter are shipped; `palette` needs none and is there for tests and demonstrations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .adapter import plain
    from .converted import converted
    from .frozen import Frozen
    from .hugging_face import hugging_face
    from .named import find_segmenter
    from .palette import palette
    from .protocol import Segmenter
    from .torchvision_style import torchvision_style

__all__ = [
    "Frozen",
    "Segmenter",
    "converted",
    "find_segmenter",
    "hugging_face",
    "palette",
    "plain",
    "torchvision_style",
]

_HOMES = {
    "Frozen": "frozen",
    "Segmenter": "protocol",
    "converted": "converted",
    "find_segmenter": "named",
    "hugging_face": "hugging_face",
    "palette": "palette",
    "plain": "adapter",
    "torchvision_style": "torchvision_style",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
