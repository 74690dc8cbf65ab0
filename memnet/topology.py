"""MemNet's layers, from the packaged `deploy.prototxt`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converter import Net

PROTOTXT = Path(__file__).with_name("deploy.prototxt")


@cache
def deploy_net() -> Net:
    """Return MemNet's net; its input is (1, 3, 227, 227), its output `fc8-euclidean` (1, 1)."""
    from converter import load_net

    return load_net(PROTOTXT)
