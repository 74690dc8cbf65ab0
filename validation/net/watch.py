"""`watch`: what each layer of a port is given and makes, where the port is any module at all.

A layer's module is the one whose attribute has the layer's name (`conv1`, `features.conv1`), characters that Python
does not allow replaced by `_`; else the convolution or linear module of torch that holds the layer's weights. Of
several, or of one that is called more than once, nothing is taken. A blob is

1. what the port returns, if it is an output of the net;
2. else what the module of the last layer that writes it returns;
3. else, where no module has that layer's name (`F.relu`), what the module of a layer that reads it is given.

So a port by hand whose members are called as Caffe calls its layers is compared blob by blob.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..traces import Array, Trace, is_whole, same_draws

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.net import Net

Arrays = tuple[Array, ...]
PLAIN = ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "ConvTranspose3d", "Linear")


@dataclass(kw_only=True)
class Seen:
    """One forward of a port, by index of the net's steps."""

    given: dict[int, Arrays] = field(default_factory=dict)
    made: dict[int, Arrays] = field(default_factory=dict)
    blobs: dict[str, Array] = field(default_factory=dict)
    error: str = ""
    """What the port raised, if it did; then the rest is what it had done before."""


def watch(module: torch.nn.Module, conversion: Conversion, inputs: Trace) -> Seen:
    """Run a port with the inputs in the net's order, and see what its layers' modules are given and make."""
    import torch

    net, seen, calls = conversion.net, Seen(), Counter[int]()
    returned: Arrays = ()
    with ExitStack() as stack, torch.no_grad(), same_draws():
        for at, part in _layer_modules(module, conversion).items():
            stack.callback(part.register_forward_pre_hook(partial(_give, seen, calls, at)).remove)
            stack.callback(part.register_forward_hook(partial(_make, seen, at)).remove)
        try:
            returned = outputs_of(module, net, inputs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (somebody's code may raise anything)
            seen.error = " ".join(str(error).split()) or type(error).__name__
    for at in [at for at, count in calls.items() if count > 1]:
        seen.given.pop(at, None)
        seen.made.pop(at, None)
    seen.blobs = dict(_blobs(net, seen))
    if not seen.error:
        seen.blobs |= dict(zip(net.outputs, returned, strict=True))
    return seen


def outputs_of(module: torch.nn.Module, net: Net, inputs: Trace) -> Arrays:
    """Run a port, in the number type and on the device of its parameters; return the net's outputs in the net's order.

    Of a dict they are taken by name, or the only one. Raises ValueError where it returns anything else.
    """
    import torch

    like = next((part for part in module.parameters() if part.is_floating_point()), None)
    with torch.no_grad():
        made = module(*(_tensor(inputs[blob], like) for blob in net.inputs))
    found = made
    if isinstance(made, Mapping):
        names = net.outputs if made.keys() >= set(net.outputs) else made
        found = tuple(made[name] for name in names)
    returned = _arrays(found)
    sizes = [prod(net.shapes[blob]) for blob in net.outputs]
    found_sizes = [array.size for array in returned]
    turned = sizes != found_sizes and sorted(sizes) == sorted(found_sizes)
    if len(returned) != len(sizes) or (turned and not is_whole(module)):
        raise ValueError(f"returns {_told(made, returned)}; the net's outputs are {_wanted(net)}")
    return returned


def _told(made: Any, returned: Arrays) -> str:
    if isinstance(made, Mapping):
        return f"a dict of {', '.join(map(repr, made)) or 'nothing'}"
    if not returned:
        return f"a {type(made).__name__} that is no tensor, tuple of tensors, or dict by name"
    shapes = ", ".join(str(array.shape) for array in returned)
    return f"{len(returned)} tensors, {shapes}"


def _wanted(net: Net) -> str:
    return ", ".join(f"{blob!r} {net.shapes[blob]}" for blob in net.outputs) + ", in this order"


def _tensor(array: Array, like: torch.Tensor | None) -> torch.Tensor:
    import torch

    tensor = torch.tensor(array.copy())  # torch takes no negative strides
    if like is None:
        return tensor
    return tensor.to(like) if tensor.is_floating_point() else tensor.to(like.device)


def _arrays(found: Any) -> Arrays:
    """Return copies, for a later layer may work in place; () where it is no tensor or several."""
    import torch

    found = (found,) if isinstance(found, torch.Tensor) else found
    if not isinstance(found, Sequence) or not all(isinstance(one, torch.Tensor) for one in found):
        return ()
    return tuple(as_array(one).copy() for one in found)


def as_array(tensor: torch.Tensor) -> Array:
    """Return the numbers, as float32 where that loses none: NumPy has no bfloat16, and float64 may hold no more."""
    import torch

    tensor = tensor.detach().cpu()
    single = tensor.float() if tensor.is_floating_point() else tensor
    exact = tensor.dtype.itemsize < single.dtype.itemsize or torch.equal(
        single.to(tensor.dtype), tensor
    )
    array: Array = (single if exact else tensor).numpy()
    return array


def _give(seen: Seen, calls: Counter[int], at: int, _: torch.nn.Module, given: Any) -> None:
    calls[at] += 1
    seen.given[at] = _arrays(given)


def _make(seen: Seen, at: int, _: torch.nn.Module, __: Any, made: Any) -> None:
    seen.made[at] = _arrays(made)


def _layer_modules(
    module: torch.nn.Module, conversion: Conversion
) -> Mapping[int, torch.nn.Module]:
    """Return the modules of layers, by step; the converter's own record decides for its own modules."""
    modules = dict(module.named_modules())
    if is_whole(module):
        named = conversion.lowering.attributes
        return {at: modules[name] for at, name in enumerate(named) if name in modules}
    by_name: dict[str, list[torch.nn.Module]] = {}
    for path, part in modules.items():
        by_name.setdefault(path.rpartition(".")[2], []).append(part)
    found: dict[int, torch.nn.Module] = {}
    for at, layer in enumerate(conversion.net.layers):
        for name in (layer.name, re.sub(r"\W", "_", layer.name, flags=re.ASCII)):
            if len(parts := by_name.get(name, [])) == 1 and parts[0] not in found.values():
                found.setdefault(at, parts[0])
    return found | _by_weights(list(modules.values()), conversion, found)


def _by_weights(
    modules: Sequence[torch.nn.Module],
    conversion: Conversion,
    named: Mapping[int, torch.nn.Module],
) -> dict[int, torch.nn.Module]:
    """Return torch's own modules with the weights of layers that no name told, most of the numbers equal.

    Of torch's own it is known that they do nothing else, such as a ReLU.
    """
    from converter.state import state_dict

    left = [part for part in modules if type(part).__name__ in PLAIN and part not in named.values()]
    left = [part for part in left if type(part).__module__.startswith("torch.nn.")]
    if not left:
        return {}
    expected = state_dict(conversion.net, conversion.lowering, conversion.bound)
    found: dict[int, torch.nn.Module] = {}
    for at, attribute in enumerate(conversion.lowering.attributes):
        weight = expected.get(f"{attribute}.weight")
        if at in named or weight is None:
            continue
        parts = [part for part in left if _mostly(part, weight) and part not in found.values()]
        if len(parts) == 1:
            found[at] = parts[0]
    return found


def _mostly(part: torch.nn.Module, weight: Array) -> bool:
    """Whether more than half of the numbers of a module's weight are these."""
    own = as_array(part.state_dict()["weight"])
    return own.size == weight.size and bool(np.mean(own.reshape(weight.shape) == weight) > 0.5)


def _blobs(net: Net, seen: Seen) -> Iterator[tuple[str, Array]]:
    writers = {blob: at for at, step in enumerate(net.steps) for blob in step.layer.tops}
    for blob, writer in writers.items():
        if blob in net.inputs:
            continue
        tops = net.steps[writer].layer.tops
        if len(made := seen.made.get(writer, ())) == len(tops):
            yield blob, made[tops.index(blob)]
            continue
        for reader in range(writer + 1, len(net.steps)):
            if net.steps[reader].layer.bottoms == (blob,) and len(seen.given.get(reader, ())) == 1:
                yield blob, seen.given[reader][0]
                break
