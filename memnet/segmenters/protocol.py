"""`Segmenter`: what TripleMem asks of a net that segments."""

from __future__ import annotations

from typing import Any, Protocol


class Segmenter(Protocol):
    """(N, 3, H, W) RGB in 0..1 -> (N, num_classes, h, w) logits, of any size h, w; a `torch.nn.Module`.

    A segmenter subtracts its own mean and divides by its own deviation. Only differences of logits over the classes
    count, so that the logarithm of probabilities will do.
    """

    num_classes: int
    """2 to 255."""
    stride: int | None
    """What H and W are padded to a multiple of before the net sees them; None where any size will do."""

    def __call__(self, data: Any, /) -> Any:
        """Return the logits of a batch of pictures."""
        ...
