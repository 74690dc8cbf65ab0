"""`Frozen`: a segmenter that training cannot touch, and its maps at the size of the picture.

It is no `nn.Module`, and no module holds the segmenter as a child: no optimizer finds it, `train()` does not reach it,
and it is in no checkpoint. Its fingerprint, a SHA-256, stands there instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from converter.errors import InvalidNetError

from .protocol import Segmenter

Maps = Literal["one-hot", "softmax"]
MAPS: tuple[str, ...] = get_args(Maps)
UNKNOWN = 255
"""In the first pixel of a map: there is none, segment the picture. No class has this number."""


class Frozen:
    """A segmenter without gradients, in eval mode for good. Raises InvalidNetError for what cannot be frozen."""

    def __init__(self, segmenter: Segmenter, *, maps: Maps = "one-hot") -> None:
        if maps not in MAPS:
            raise InvalidNetError(f"maps is {maps!r}; it may be {' or '.join(map(repr, MAPS))}")
        if not isinstance(segmenter, nn.Module):
            raise InvalidNetError(
                f"a segmenter must be a torch.nn.Module, so that it can be frozen, found {type(segmenter).__name__}"
            )
        if not 2 <= segmenter.num_classes < UNKNOWN + 1:
            raise InvalidNetError(
                f"the segmenter has {segmenter.num_classes} classes; a map can hold 2 to 255"
            )
        self.module: nn.Module = segmenter.eval().requires_grad_(False)
        self.num_classes: int = segmenter.num_classes
        self.maps: Maps = maps

    def planes(self, data: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, 3, H, W) in 0..1 -> (N, num_classes, H, W): which class each pixel is of, or its chances of each.

        `labels`, (N, H, W) uint8, are maps known beforehand; pictures whose map begins with 255 are segmented.
        """
        if self.maps == "softmax":
            return self._logits(data).softmax(1).to(data.dtype)
        labels = self.labels(data) if labels is None else self._completed(data, labels)
        planes = data.new_zeros(len(data), self.num_classes, *data.shape[2:])
        return planes.scatter_(1, labels[:, None].long(), 1)

    def labels(self, data: Tensor) -> Tensor:
        """Return the likeliest class of each pixel, (N, H, W) uint8; of equal ones the first."""
        return self._logits(data).argmax(1).to(torch.uint8)

    def _completed(self, data: Tensor, labels: Tensor) -> Tensor:
        if labels.shape != (len(data), *data.shape[2:]):
            raise InvalidNetError(
                f"maps of shape {tuple(labels.shape)} for pictures of {tuple(data.shape)}"
            )
        unknown = labels[:, 0, 0] == UNKNOWN
        if unknown.any():
            labels = labels.clone()
            labels[unknown] = self.labels(data[unknown])
        return labels

    @torch.no_grad()
    def _logits(self, data: Tensor) -> Tensor:
        """Return float32 logits at the picture's size; mixed precision would give other maps than the cache's."""
        with torch.autocast(data.device.type, enabled=False):
            logits: Tensor = self.module(data.float())
        if logits.ndim != 4 or logits.shape[1] != self.num_classes:
            raise InvalidNetError(
                f"the segmenter says {self.num_classes} classes and gives {tuple(logits.shape)}; "
                "(N, classes, height, width) is needed"
            )
        if logits.shape[2:] == data.shape[2:]:
            return logits
        return functional.interpolate(logits, data.shape[2:], mode="bilinear", align_corners=False)

    def apply(self, change: Callable[[Tensor], Tensor]) -> None:
        """Move to a device, with the module that uses this."""
        self.module._apply(change)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what `to` and `cuda` call

    def fingerprint(self) -> str:
        """Return the SHA-256 of weights, buffers and numbers of the modules, of what they print, and of the classes.

        What the code of `forward` does is not in it.
        """
        state = hashlib.sha256(f"{type(self.module).__qualname__} {self.num_classes}\n".encode())
        state.update(repr(self.module).encode())
        for name, module in self.module.named_modules():
            state.update(f"{name} {_numbers(module)}\n".encode())
        held = self.module.state_dict() | dict(self.module.named_buffers())  # all, saved or not
        for name, tensor in sorted(held.items()):
            state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            if not tensor.is_meta:
                flat = tensor.detach().cpu().contiguous().flatten()
                state.update(flat.view(torch.uint8).numpy().tobytes())
        return state.hexdigest()


def _numbers(module: nn.Module) -> list[tuple[str, object]]:
    """Return what a module has as plain attributes; torch's own print theirs."""
    if type(module).__module__.startswith("torch."):
        return []
    own = {key: each for key, each in vars(module).items() if not key.startswith("_")}
    return sorted((key, each) for key, each in own.items() if _is_plain(each))


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
