"""The output of one layer while a model runs: which module that is, and catching it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from converter.errors import UnsupportedError

if TYPE_CHECKING:
    import torch


def module_of(model: torch.nn.Module, name: str) -> torch.nn.Module:
    """Return the module whose output is blob `name`, else the module of that name (`relu7`, `features.layer4`).

    A blob is what Caffe calls so: its value once all in-place layers ran. `fc7` is therefore after the ReLU.

    Raises:
        UnsupportedError: there is neither; the blobs are listed.
    """
    blobs, modules = blob_modules(model), dict(model.named_modules())
    found: torch.nn.Module | None = modules.get(blobs.get(name, name)) if name else None
    if found is None:
        raise UnsupportedError(
            f"the model has no blob or module {name!r}; its blobs are: {', '.join(blobs)}"
        )
    return found


def blob_modules(model: torch.nn.Module) -> Mapping[str, str]:
    """Return blob -> name of the last module that writes it, for MemNet and ResMem; {} for other modules."""
    from .model import MemNet
    from .topology import deploy_net

    if not isinstance(model, MemNet):
        own: Mapping[str, str] = getattr(model, "blob_modules", {})
        return own
    return {
        top: layer.name.replace("-", "_")
        for layer in deploy_net().layers
        if layer.role != "input"
        for top in layer.tops
    }


@contextmanager
def caught(module: torch.nn.Module) -> Iterator[list[Any]]:
    """Yield a list that each call of `module` within appends its output tensor to."""
    outputs: list[Any] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()
