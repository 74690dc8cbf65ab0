"""`prepare`: a model that is read, checked and lowered, with all there is to say about it; nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from .bind import Bound, bind
from .errors import FileFormatError, InvalidNetError, context
from .files.mean import load_mean
from .formats import Exported
from .lower import Lowering, lower
from .net import Net
from .preprocess import Preprocess
from .reading import Reading, read_model
from .record import RECORD
from .weights import Weights


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A model that is ready to be written."""

    model: Path | None
    prototxt: Path | None
    net: Net
    weights: Weights | None
    lowering: Lowering
    bound: Bound
    preprocess: Preprocess | None
    notes: tuple[str, ...]
    """What a user should know: warnings of reading, layers filled or left out, guesses about the preprocessing."""
    exports: tuple[Exported, ...] = ()
    """What was written beside source and safetensors; known once the folder is."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files in the folder."""
        preprocessing = self.preprocess.to_files() if self.preprocess is not None else {}
        exported = (name for export in self.exports for name in export.files)
        return ("model.py", "model.safetensors", *exported, *preprocessing, RECORD, "README.md")


def prepare(
    model: str | Path | None,
    prototxt: str | Path | None = None,
    mean: str | Path | None = None,
    *,
    allow_missing: bool = False,
    initialize: int | None = None,
    **reading: Unpack[Reading],
) -> Conversion:
    """Read, check and lower a model; the arguments are those of `load`, and `mean` a mean file."""
    text = prototxt if prototxt is not None else model
    if text is None:
        raise InvalidNetError("neither a model nor a prototxt is given")
    net, weights = read_model(model, text, **reading)
    with context(str(text)):
        lowering = lower(net)
    with context(str(model or prototxt)):
        bound = bind(net, weights, allow_missing=allow_missing, seed=initialize)
    with context(str(mean or text)):
        preprocess, guesses = find_preprocess(net, mean)
    return Conversion(
        model=Path(model) if model is not None else None,
        prototxt=Path(prototxt) if prototxt is not None else None,
        net=net,
        weights=weights,
        lowering=lowering,
        bound=bound,
        preprocess=preprocess,
        notes=_notes(net, weights, bound) + guesses,
    )


def _notes(net: Net, weights: Weights | None, bound: Bound) -> tuple[str, ...]:
    notes = [*net.warnings, *(weights.warnings if weights is not None else ())]
    if weights is not None:
        notes += _untrained(net, weights)
        notes += _other_types(net, weights)
    if bound.filled:
        how = bound.untrained or "filled as the net's text says"
        notes.append(f"{how}, because no file gives them: {', '.join(bound.filled)}")
    elif bound.seed is not None:
        notes.append("nothing was initialised: the file has the weights of every layer")
    if bound.unused:
        notes.append(f"layers of the file that the net does not have: {', '.join(bound.unused)}")
    return tuple(notes)


def _untrained(net: Net, weights: Weights) -> list[str]:
    """Carry on the label of a model whose own name says that it is untrained, as the example's does."""
    names = (_stored_name(weights), net.name)
    return [
        f"UNTRAINED: by its own name, {name!r}, this model's weights are not trained; its outputs mean nothing"
        for name in dict.fromkeys(names)
        if "untrained" in name.lower()
    ][:1]


def _stored_name(weights: Weights) -> str:
    """Return the net's name in the file. Raises FileFormatError where Caffe, too, could not parse it."""
    from google.protobuf.message import DecodeError

    from protos import NetParameter

    try:
        return str(NetParameter.FromString(weights.net_bytes).name)
    except DecodeError as error:
        raise FileFormatError(f"{weights.path}: is damaged or cut short: {error}") from error


def _other_types(net: Net, weights: Weights) -> list[str]:
    """Name layers whose type differs between file and net; Caffe compares names alone."""
    return [
        f"layer {layer.name!r} is {layer.type} in the net but {weights.types[layer.name]} in the file; "
        "weights go by name alone, as in Caffe"
        for layer in net.layers
        if weights.types.get(layer.name, "") not in {"", layer.type} and weights.count(layer.name)
    ]


def find_preprocess(net: Net, mean: str | Path | None) -> tuple[Preprocess | None, tuple[str, ...]]:
    """Return the preprocessing of a net that takes one image, and what had to be assumed."""
    shapes = [net.shapes[blob] for blob in net.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in {1, 3}:
        if mean is not None:
            raise InvalidNetError(
                "is given as mean, but the net does not take one image of 1 or 3 channels; "
                f"it takes {', '.join(f'{blob!r} {net.shapes[blob]}' for blob in net.inputs)}"
            )
        return None, ()
    _, channels, height, width = shapes[0]
    array = load_mean(mean) if mean is not None else None
    transform = net.transform
    notes = []
    if array is None and transform is not None and transform.mean_value:
        import numpy as np

        values = (
            transform.mean_value * channels
            if len(transform.mean_value) == 1
            else transform.mean_value
        )
        array = np.array(values, np.float32).reshape(-1, 1, 1)
    if array is None:
        wanted = (
            f" (the net names {transform.mean_file!r})" if transform and transform.mean_file else ""
        )
        notes.append(f"no mean is subtracted; give --mean if the net was trained with one{wanted}")
    if array is not None and array.shape[0] != channels:
        raise InvalidNetError(
            f"the mean has {array.shape[0]} channels, the net's input has {channels}; "
            "give the mean that the net was trained with"
        )
    is_image = array is not None and array.shape[1:] != (1, 1)
    if array is not None and is_image and (array.shape[1] < height or array.shape[2] < width):
        raise InvalidNetError(
            f"the mean image is {array.shape[1]} x {array.shape[2]}, smaller than the net's input "
            f"{height} x {width}; give the mean that the net was trained with"
        )
    size = array.shape[1:] if array is not None and is_image else (height, width)
    return Preprocess(
        crop=(height, width),
        resize=(size[0], size[1]),
        channel_order="BGR" if channels == 3 else "GRAY",
        mean=array,
        scale=transform.scale if transform is not None else 1.0,
    ), tuple(notes)
