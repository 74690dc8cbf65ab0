"""Where a model computes, and that it does so in float32."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from converter.errors import UnsupportedError

if TYPE_CHECKING:
    import torch


def choose_device(name: str = "auto") -> torch.device:
    """Return the device `auto` (CUDA where there is one, else the CPU), `cpu`, `cuda` or `cuda:N`.

    Raises:
        UnsupportedError: another name, or a CUDA device that torch does not find.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise UnsupportedError(f"device {name!r}: take auto, cpu, cuda or cuda:N")
    device = torch.device(name)
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if (device.index or 0) >= count:
        raise UnsupportedError(
            f"device {name!r}: torch finds {count} CUDA devices; take auto or cpu"
        )
    return device


@contextmanager
def plain_float32() -> Iterator[None]:
    """Switch off TensorFloat-32, whose 10 bits of mantissa would move scores by 1e-3; it is on for convolutions."""
    import torch

    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    cudnn.allow_tf32 = matmul.allow_tf32 = False
    try:
        yield
    finally:
        cudnn.allow_tf32, matmul.allow_tf32 = before
