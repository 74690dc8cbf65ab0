"""`load`: a Caffe model as a PyTorch module, in memory."""

from __future__ import annotations

import gc
import linecache
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import numpy as np

from .bind import bind
from .errors import FileFormatError, context
from .layer import Stored
from .lower import lower
from .net import Net
from .program import Program, Tie
from .reading import Reading, read_model
from .source import to_source
from .state import state_dict
from .weights import Weights

if TYPE_CHECKING:
    import torch

_numbers = count()
Module = TypeVar("Module", bound="torch.nn.Module")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Put off cyclic garbage collection: one pass over torch's own objects costs more than a load."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_collector()
def load(
    model: str | Path | None,
    prototxt: str | Path | None = None,
    *,
    allow_missing: bool = False,
    initialize: int | None = None,
    **reading: Unpack[Reading],
) -> torch.nn.Module:
    """Return the module of a Caffe model, in eval mode, float32, on the CPU.

    `model` is a `.caffemodel` in any format, or None for a net whose layers have no weights; without `prototxt` the
    net inside `model` is used. `reading` are the keywords of `load_net`; `allow_missing` fills layers that the
    file lacks where their fillers leave no choice; with the seed `initialize` every filler may fill, those that draw
    at random too, and a net from its text alone is one to train. `fully_convolutional` turns inner products over
    images into convolutions, so that larger images give a map.

    `forward` takes the net's input blobs in order, and returns the one output or a named tuple of them.

    Raises:
        FileFormatError, InvalidNetError, UnsupportedError, WeightsError: with file, layer, found and expected.
    """
    text = prototxt if prototxt is not None else model
    if text is None:
        raise TypeError("load needs a model or a prototxt")
    net, weights = read_model(model, text, **reading)
    with context(str(model or prototxt)):
        return to_module(net, weights, allow_missing=allow_missing, seed=initialize)


def to_module(
    net: Net, weights: Weights | None, *, allow_missing: bool = False, seed: int | None = None
) -> torch.nn.Module:
    """Return the module of a net with the weights of a file; the other arguments are those of `bind`."""
    lowering = lower(net)
    bound = bind(net, weights, allow_missing=allow_missing, seed=seed)
    return instantiate(lowering.program, state_dict(net, lowering, bound), weights)


def instantiate(
    program: Program, state: Mapping[str, Stored], weights: Weights | None = None
) -> torch.nn.Module:
    """Compile the program's text and return an instance with this state, in eval mode."""
    module: torch.nn.Module = fill(compile_class(program), state, weights, program.ties)
    return module


def fill(
    cls: type[Module],
    state: Mapping[str, Stored],
    weights: Weights | None = None,
    ties: tuple[Tie, ...] = (),
) -> Module:
    """Return an instance of an emitted class with this state, in eval mode."""
    import torch

    with torch.device(
        "meta"
    ):  # no memory and no random numbers for parameters that are replaced at once
        module = cls()
    module.load_state_dict(
        {key: _tensor(array, weights) for key, array in state.items()}, assign=True
    )
    for tie in ties:  # `assign` gave each sharer a parameter of its own
        _retie(module, tie.owner, tie.sharer)
    return module.eval().requires_grad_(True)


def compile_class(program: Program) -> type[Any]:
    """Return the class that the program's text defines; tracebacks and `inspect` find the text."""
    text = to_source(program)
    filename = f"<{program.class_name} converted from Caffe #{next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": f"converted.{program.class_name}"}
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102 (our own text, see source.py)
    cls: type[Any] = namespace[program.class_name]
    return cls


def _tensor(array: Stored, weights: Weights | None) -> torch.Tensor:
    """Return a writable tensor of its own memory, read from the file without mapping its pages."""
    import torch

    tensor = torch.empty(array.shape, dtype=torch.from_numpy(np.empty(0, array.dtype)).dtype)
    span = weights.span(array) if weights is not None else None
    view = tensor.numpy()
    if span is None:
        view[...] = array
    else:
        path, offset = span
        with Path(path).open("rb", buffering=0) as file:
            file.seek(offset)
            left = memoryview(view.reshape(-1).view("u1").data)
            while left:
                read = file.readinto(left)
                if not read:
                    raise FileFormatError(f"{path} became shorter while it was read")
                left = left[read:]
    return tensor


def _retie(module: torch.nn.Module, owner: str, sharer: str) -> None:
    import torch

    path, _, key = sharer.rpartition(".")
    parameter, shape = module.get_parameter(owner), module.get_parameter(sharer).shape
    if parameter.shape != shape:
        parameter = torch.nn.Parameter(parameter.data.view(shape))
    setattr(module.get_submodule(path), key, parameter)
