"""MemNet, the memorability network of Khosla et al. (ICCV 2015), as a PyTorch module.

    model = memnet.load("memnet.caffemodel")                  # or a converted folder, or a .safetensors file
    scores = memnet.predict(model, ["a.jpg", "b.jpg"], crops="ten")
    resmem = memnet.load_resmem()                             # weights of the installed package `resmem`

Importing this package loads neither torch nor NumPy; each function imports what it uses.

A. Khosla, A. S. Raju, A. Torralba and A. Oliva, "Understanding and Predicting Image Memorability at a Large Scale",
International Conference on Computer Vision (ICCV), 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .loading import load
    from .model import MemNet
    from .networks.resmem import ResMem, load_resmem
    from .scoring import predict

__all__ = ["MemNet", "ResMem", "load", "load_resmem", "predict"]

_HOMES = {
    "MemNet": "model",
    "ResMem": "networks.resmem",
    "load": "loading",
    "load_resmem": "networks.resmem",
    "predict": "scoring",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
