"""One Caffe layer per file. Importing this package registers them all; a new layer is one file and one line here."""

from __future__ import annotations

from . import (
    convolution,
    inner_product,
    input,  # noqa: A004 (Caffe's name for the layer)
    pooling,
    relu,
)

__all__ = ["convolution", "inner_product", "input", "pooling", "relu"]
