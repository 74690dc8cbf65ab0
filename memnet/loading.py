"""`load`: weights from wherever they are, into MemNet, strictly. No file is executed or unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import FileFormatError, WeightsError, context

from .topology import deploy_net

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from converter import Net, Preprocess, Weights

    from .model import MemNet

WEIGHTS = "model.safetensors"
FLOATS = frozenset({"F16", "BF16", "F32", "F64"})


def load(path: str | Path, *, mean: str | Path | np.ndarray[Any, Any] | None = None) -> MemNet:
    """Return MemNet with the weights in `path`, in eval mode, float32, on the CPU.

    `path` is a caffemodel in any format, a folder that convert-caffemodel wrote (its `model.safetensors`; its
    `model.py` is not run), or a `.safetensors` file with MemNet's keys; other float types become float32.

    The attribute `preprocess` is what `predict` does to an image: the folder's own, or MemNet's for a file, with the
    mean `mean` (a mean file, or an array as `converter.load_mean` returns it) in place of the folder's. Without any
    mean it is None, for which `predict` takes the channel means and warns.

    `forward` takes (N, 3, 227, 227), BGR less the mean, and returns (N, 1).

    Raises:
        FileFormatError: the file holds no weights, or is damaged.
        WeightsError: it holds others than MemNet's; all missing, unexpected and misshapen ones are listed.
    """
    path = Path(path)
    with context(str(path)):
        model = _from_file(path)
        vars(model)["preprocess"] = _preprocess(path, mean)
    return model


def _from_file(path: Path) -> MemNet:
    from converter.files.sniff import Kind, describe, identify

    if path.is_dir():
        if not (path / WEIGHTS).is_file():
            raise FileFormatError(
                f"a folder without {WEIGHTS}; give one that convert-caffemodel wrote, or a file"
            )
        return _from_safetensors(path / WEIGHTS)
    kind = identify(path)
    if kind is Kind.SAFETENSORS:
        return _from_safetensors(path)
    if kind in {Kind.BINARY_NET, Kind.HDF5_WEIGHTS}:
        return _from_caffemodel(path)
    raise FileFormatError(f"holds no weights: it is {describe(kind, path)}")


def _preprocess(path: Path, mean: str | Path | np.ndarray[Any, Any] | None) -> Preprocess | None:
    from converter.preprocess import CONFIG, load_preprocess

    from .preprocessing import preprocessing

    own = load_preprocess(path) if (path / CONFIG).is_file() else None
    if mean is None:
        return own if own is not None and own.mean is not None else None
    given = preprocessing(mean)
    return given if own is None else _with_mean(own, given)


def _with_mean(own: Preprocess, given: Preprocess) -> Preprocess:
    """Return a folder's preprocessing with another mean.

    Without a mean image the converter knows no size but the crop's; the size is MemNet's then.
    """
    mean = given.mean
    straight = own.resize == own.crop
    if straight and (own.mean is None or (mean is not None and mean.shape[1:] == given.resize)):
        return replace(own, mean=mean, resize=given.resize)
    return replace(own, mean=mean)


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """How weights differ from those wanted; each entry names a parameter and its shape."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.misshapen)

    def error(self, model: str = "MemNet") -> WeightsError:
        """Return the error that lists everything, sorted."""
        kinds = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "wrong shape": self.misshapen,
        }
        lines = [f"\n  {kind}: {entry}" for kind, found in kinds.items() for entry in sorted(found)]
        return WeightsError(f"does not hold {model}'s weights:{''.join(lines)}")


def _from_caffemodel(path: Path) -> MemNet:
    """Bind by layer name as Caffe does, but refuse what Caffe would leave out."""
    from converter import load_weights
    from converter.bind import bind
    from converter.loading import fill
    from converter.lower import lower
    from converter.state import state_dict

    from .model import MemNet

    net, weights = deploy_net(), load_weights(path)
    try:
        bound = bind(net, weights)
    except WeightsError as error:
        raise compare_layers(net, weights).error() from error
    if bound.unused:
        raise compare_layers(net, weights).error()
    return fill(MemNet, state_dict(net, lower(net), bound), weights)


def compare_layers(net: Net, weights: Weights) -> Mismatch:
    """Return how the blobs of a caffemodel differ from those of a net, by layer name."""
    wanted = {step.layer.name: step.blobs for step in net.steps if step.blobs}
    missing, misshapen = [], []
    for name, blobs in wanted.items():
        found = weights.indices(name) if name in weights else ()
        for at, blob in enumerate(blobs):
            if at not in found:
                missing.append(f"layer {name!r}: blob {at}, {blob.key} {blob.shape}")
                continue
            try:
                weights.fit(name, at, blob.shape)
            except WeightsError as error:
                misshapen.append(error.message)
    unexpected = [
        f"layer {name!r}: blob {at} {weights[name][position].shape}"
        for name in weights
        for position, at in enumerate(weights.indices(name))
        if at >= len(wanted.get(name, ()))
    ]
    return Mismatch(
        missing=tuple(missing), unexpected=tuple(unexpected), misshapen=tuple(misshapen)
    )


def _from_safetensors(path: Path) -> MemNet:
    import torch
    from safetensors import SafetensorError, safe_open

    from .model import MemNet

    with torch.device("meta"):  # neither memory nor random numbers for what is replaced at once
        model = MemNet()
    wanted = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    try:
        with safe_open(path, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
            found = {key: tuple(part.get_shape()) for key, part in slices.items()}
            if mismatch := compare_keys(wanted, found):
                raise mismatch.error()
            _check_types({key: part.get_dtype() for key, part in slices.items()})
            state = {key: file.get_tensor(key).to(torch.float32, copy=True) for key in wanted}
    except SafetensorError as error:
        raise FileFormatError(f"is a damaged safetensors file ({error})") from error
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(True)


def compare_state(model: nn.Module, state: Mapping[str, Tensor]) -> Mismatch:
    """Return how a state dict differs from the one that a model wants."""
    wanted, found = (
        {key: tuple(tensor.shape) for key, tensor in given.items()}
        for given in (model.state_dict(), state)
    )
    return compare_keys(wanted, found)


def compare_keys(
    wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> Mismatch:
    """Return how state-dict keys and shapes differ from those wanted."""
    return Mismatch(
        missing=tuple(f"{key} {wanted[key]}" for key in wanted.keys() - found.keys()),
        unexpected=tuple(f"{key} {found[key]}" for key in found.keys() - wanted.keys()),
        misshapen=tuple(
            f"{key} has {found[key]}, needs {wanted[key]}"
            for key in wanted.keys() & found.keys()
            if found[key] != wanted[key]
        ),
    )


def _check_types(types: Mapping[str, str]) -> None:
    odd = sorted(f"{key} is {kind}" for key, kind in types.items() if kind not in FLOATS)
    if odd:
        raise WeightsError(f"weights must be floating point numbers, found: {', '.join(odd)}")
