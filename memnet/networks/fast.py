"""A faster twin of a model for scoring on the CPU: the same layers in the order of memory that oneDNN works fastest in.

Channels-last, another LRN, and oneDNN for large inner products. No compiler is needed. A twin that does not give the
model's own scores on a few pictures is not used.
"""

from __future__ import annotations

import copy
import warnings
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from converter.tolerance import FAST_SPREAD, FAST_STEPS

from .fast_layers import BandedNorm, OneDNNLinear

LARGE = 1 << 20
"""Weights from which on oneDNN's inner product pays; smaller ones stay in the caches whatever is done."""

PICTURES = 4
SEED = 5

Marks = tuple[tuple[int, int], ...]
_building = Lock()
_known: WeakKeyDictionary[nn.Module, tuple[Marks, Twin | None]] = WeakKeyDictionary()


class PlainPathWarning(UserWarning):
    """The faster twin of a model was not right, so that the model itself is used."""


class Twin(nn.Module):
    """A model in channels-last order with faster layers; no gradients, and only on the CPU in float32.

    It has the weights of when it was built. They are copies, MemNet's 235 MB, so keep the model for everything else.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = _rebuilt(model)
        self.eval()

    def forward(self, *inputs: Tensor) -> Any:
        """Return what the model returns."""
        with torch.no_grad():
            return self.model(*(_channels_last(each) for each in inputs))


def best(model: nn.Module, sample: Tensor | None = None) -> nn.Module:
    """Return the faster twin of a model if there is one that gives its scores, else the model itself.

    The twin is built and compared with the model at the first call, which takes about as long as scoring twenty
    images, and again when weights have changed. `sample` is the input they are compared on, (N, C, H, W), N > 1; by
    default four seeded pictures as the model's `preprocess` feeds them, or as MemNet's does. The scores may differ
    by FAST_STEPS float32 steps or FAST_SPREAD of their standard deviation, whichever is more (`converter.tolerance`).

    A model elsewhere than on the CPU, or not in float32, has no twin. The model must return one tensor.

    Warns:
        PlainPathWarning: the twin failed, or its scores differ by more.
    """
    if not _suits(model):
        return model
    marks = _marks(model)
    with _building:  # threads that ask at once shall not all build
        before, twin = _known.get(model, ((), None))
        if before != marks:
            twin = _checked(model, sample)
            _known[model] = (marks, twin)
    return model if twin is None else twin


def _suits(model: nn.Module) -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    floats = [each for each in model.parameters() if each.is_floating_point()]
    return bool(floats) and all(
        each.dtype == torch.float32 and each.device.type == "cpu" for each in floats
    )


def _marks(model: nn.Module) -> Marks:
    """Return what changes when weights are replaced or written to."""
    return tuple(
        (each.data_ptr(), -1 if each.is_inference() else each._version)  # noqa: SLF001 (as documented by torch)
        for each in (*model.parameters(), *model.buffers())
    )


def _checked(model: nn.Module, sample: Tensor | None) -> Twin | None:
    """Return a twin that gives the model's scores, or None after a warning."""
    try:
        with torch.no_grad():
            problem, twin = _compared(model, _sample(model) if sample is None else sample)
    except RuntimeError as error:  # what torch raises for a layout that an operation does not know
        problem, twin = f"it fails ({str(error).splitlines()[0]})", None
    if problem:
        warnings.warn(
            f"the fast path is not used for this model, the plain one is: {problem}",
            PlainPathWarning,
            stacklevel=4,
        )
        return None
    return twin


def _compared(model: nn.Module, sample: Tensor) -> tuple[str, Twin | None]:
    """Return what is wrong, or "", and the twin."""
    twin = Twin(model)
    plain, fast = (each.double().numpy() for each in (_evaluated(model, sample), twin(sample)))
    step = float(np.spacing(np.float32(np.abs(plain).max())))
    limit = max(FAST_STEPS * step, FAST_SPREAD * float(plain.std()))
    worst = float(np.abs(plain - fast).max())
    if worst <= limit:  # false for NaN, too
        return "", twin
    return f"its scores differ by up to {worst:.2g}, and {limit:.2g} is allowed", None


def _evaluated(model: nn.Module, sample: Tensor) -> Tensor:
    """Return the model's own scores with dropout off, whatever its mode is."""
    training = model.training
    try:
        scores: Tensor = model.eval()(sample)
    finally:
        model.train(training)
    return scores


def _sample(model: nn.Module) -> Tensor:
    """Return seeded pictures as the model is fed them: squares of 32 pixels with noise over them."""
    from ..preprocessing import CHANNEL_MEANS, preprocessing

    rule = vars(model).get("preprocess") or preprocessing(
        np.array(CHANNEL_MEANS, np.float32).reshape(3, 1, 1)
    )
    generator = np.random.Generator(np.random.PCG64(SEED))
    squares = generator.integers(0, 200, (PICTURES, 8, 8, 3)).repeat(32, axis=1).repeat(32, axis=2)
    pictures = (squares + generator.integers(0, 56, squares.shape)).astype(np.uint8)
    return torch.from_numpy(np.stack([rule(picture) for picture in pictures]))


def _rebuilt(model: nn.Module) -> nn.Module:
    """Return a copy that shares the parameters, but for those of the layers that are replaced."""
    shared: dict[int, Any] = {id(each): each for each in (*model.parameters(), *model.buffers())}
    twin = copy.deepcopy(model, shared)
    return _replaced(twin)


def _replaced(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.LocalResponseNorm):
        return BandedNorm(module)
    if isinstance(module, nn.Linear) and module.weight.numel() >= LARGE:
        return OneDNNLinear(module)
    if isinstance(module, nn.Conv2d):
        weight = module.weight.detach().contiguous(memory_format=torch.channels_last)
        module.weight = nn.Parameter(weight, requires_grad=False)
        return module
    for name, child in module.named_children():
        setattr(module, name, _replaced(child))
    return module


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x
