"""The weights before the first step: drawn at random, then what a file has for layers of the same name and shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from converter.errors import FileFormatError, InvalidNetError, WeightsError, context

from ..loading import WEIGHTS
from .recipe import Start

RESNET = "features."
"""Where ResMem and TripleMem keep their ResNet."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a file of weights."""

    weights: str = ""
    taken: tuple[str, ...] = ()
    """Names in the model."""
    left: tuple[str, ...] = ()
    """Names in the model that the file lacks or has in another shape: as drawn."""
    unused: tuple[str, ...] = ()
    """Names in the file with their shapes."""
    output: bool = False
    """Whether the last layer is from the file, too, which then knew memorability."""

    def __str__(self) -> str:
        total = len(self.taken) + len(self.left)
        lines = [f"{len(self.taken)} of {total} tensors from {self.weights}"]
        if self.left:
            lines.append(f"as drawn: {_some(self.left)}")
        if self.unused:
            lines.append(f"not used: {_some(self.unused)}")
        return "; ".join(lines)


def _some(names: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def prepare(model: nn.Module, start: Start, mean_score: float) -> Taken:
    """Fill a model by the recipe. `mean_score` is that of the training images.

    Raises:
        FileFormatError: the file is none of weights.
        WeightsError: it has nothing for this model.
    """
    _INITIALIZE[start.initialization](model)
    if start.output == "mean":
        _centre(model, mean_score)
    return take(model, start.weights) if start.weights else Taken()


def take(model: nn.Module, weights: str) -> Taken:
    """Copy what a file has under the model's names, or under those of the ResNet inside it; tell what it has not."""
    wanted = model.state_dict()
    path = Path(weights)
    if weights == "resmem" and not path.exists():
        from ..networks.resmem import installed_weights

        path = installed_weights()
    with context(str(path)):
        found = _read(path, wanted)
        if f"{RESNET}layer1.0.conv1.weight" in wanted and "layer1.0.conv1.weight" in found:
            found = {f"{RESNET}{name}": tensor for name, tensor in found.items()}
        fitting = {
            name: tensor
            for name, tensor in found.items()
            if name in wanted and wanted[name].shape == tensor.shape
        }
        if not fitting:
            raise WeightsError(
                "has nothing that fits the model by name and shape; it has "
                f"{_some(tuple(_shaped(found))) or 'nothing'}, the model wants {_some(tuple(_shaped(wanted)))}"
            )
    model.load_state_dict({**wanted, **fitting})
    return Taken(
        weights=weights,
        taken=tuple(fitting),
        left=tuple(name for name in wanted if name not in fitting),
        unused=tuple(_shaped({name: each for name, each in found.items() if name not in fitting})),
        output=f"{_name_of_last(model)}.weight" in fitting,
    )


def _shaped(tensors: Mapping[str, Tensor]) -> list[str]:
    return [f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items()]


def _read(path: Path, wanted: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    from safetensors.torch import load_file

    from converter.files.sniff import Kind, describe, identify

    if path.is_dir():
        places = (path / WEIGHTS, path / "model" / WEIGHTS)
        path = next((place for place in places if place.is_file()), path)
        if path.is_dir():
            raise FileFormatError(
                f"a folder without {WEIGHTS}; give a finished run or a converted folder"
            )
    if not path.is_file():
        raise FileFormatError("there is no such file")
    kind = identify(path)
    if kind is Kind.SAFETENSORS:
        return load_file(path)
    if kind is Kind.PYTORCH:
        return _of_pytorch(path)
    if kind in {Kind.BINARY_NET, Kind.HDF5_WEIGHTS}:
        return _of_caffemodel(path, wanted)
    raise FileFormatError(f"holds no weights: it is {describe(kind, path)}")


def _of_pytorch(path: Path) -> Mapping[str, Tensor]:
    """Return a state dict; one of DataParallel has names that begin with `module.`, our checkpoints `model.`."""
    from ..networks.resmem import read_state

    state = read_state(path)
    for prefix in ("module.", "model."):
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _of_caffemodel(path: Path, wanted: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the blobs of a caffemodel under torch's names, in the model's shapes where the numbers suffice.

    Old files keep inner products as (1, 1, rows, columns).
    """
    from converter import load_weights

    weights = load_weights(path)
    found: dict[str, Tensor] = {}
    for layer in weights:
        for position, at in enumerate(weights.indices(layer)):
            name = f"{layer.replace('-', '_')}.{('weight', 'bias')[at] if at < 2 else at}"
            shape = tuple(wanted[name].shape) if name in wanted else None
            try:
                array = weights[layer][position] if shape is None else weights.fit(layer, at, shape)
            except WeightsError:
                array = weights[layer][position]
            found[name] = torch.tensor(array)  # a copy: the file is mapped read-only
    return found


def _by_torch(_model: nn.Module) -> None:
    """Leave what the layers drew when they were built."""


def _by_he(model: nn.Module) -> None:
    """Draw normal weights of variance 2 / fan in, so that a deep stack of ReLUs neither dies out nor explodes.

    Biases and the last inner product are 0: all scores are equal at first, however large the network's input is.
    """
    for _, module in _layers(model):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    nn.init.zeros_(_last(model).weight)


_ONES = frozenset({"conv2", "conv4", "conv5", "fc6", "fc7"})
_FINER = frozenset({"fc6", "fc7"})


def _by_caffe(model: nn.Module) -> None:
    """Draw as bvlc_reference_caffenet/train_val.prototxt: gaussian of 0.01, in fc6 and fc7 of 0.005; its biases."""
    layers = dict(_layers(model))
    if not {"conv1", "fc8_euclidean"} <= layers.keys():
        raise InvalidNetError("start.initialization 'caffe' is MemNet's; take 'torch' or 'he'")
    for name, module in layers.items():
        nn.init.normal_(module.weight, std=0.005 if name in _FINER else 0.01)
        if module.bias is not None:
            nn.init.constant_(module.bias, 1.0 if name in _ONES else 0.0)


_INITIALIZE: Mapping[str, Callable[[nn.Module], None]] = {
    "torch": _by_torch,
    "he": _by_he,
    "caffe": _by_caffe,
}


def _layers(model: nn.Module) -> list[tuple[str, nn.Conv2d | nn.Linear]]:
    """Return the layers that learn; a frozen branch keeps what it has."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and module.weight.requires_grad
    ]


def _centre(model: nn.Module, mean: float) -> None:
    """Set the last inner product's bias to the mean score, or to its logit before a sigmoid."""
    value = torch.tensor(mean)
    ends = [module for module in model.modules() if isinstance(module, nn.Sigmoid)]
    nn.init.constant_(_last(model).bias, float(torch.logit(value, 1e-3) if ends else value))


def _last(model: nn.Module) -> nn.Linear:
    last = model.get_submodule(_name_of_last(model))
    assert isinstance(last, nn.Linear)  # noqa: S101 - for the type checker
    return last


def _name_of_last(model: nn.Module) -> str:
    return [name for name, module in _layers(model) if isinstance(module, nn.Linear)][-1]
