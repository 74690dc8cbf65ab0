"""The net inside a `.caffemodel`, made ready to run: data and loss layers dropped, what they fed becomes an input.

A caffemodel holds the net that was trained, so its first layers read a database and its last ones compute a loss.
The input's size is the data layer's `crop_size`, where it has one; its channels are those of the first weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .errors import InvalidNetError
from .layers import find
from .program import Shape
from .transform import find_transform

if TYPE_CHECKING:
    from protos import LayerParameter, NetParameter

    from .net import InputShape
    from .weights import Weights

FORK_DATA = frozenset({"AnnotatedData", "VideoData"})
FORK_LOSSES = frozenset({"MultiBoxLoss", "DetectionEvaluate"})
SINKS = frozenset({"Silence", "HDF5Output"})


def to_deploy(
    proto: NetParameter, layers: Sequence[LayerParameter], weights: Weights, input_shape: InputShape
) -> tuple[list[LayerParameter], tuple[str, ...]]:
    """Return the layers that compute, with Input layers for what data layers fed, and warnings."""
    layers = _without_splits(layers)
    labels = _labels(proto, layers, weights)
    kept = []
    dropped = [layer.name for layer in proto.layer if _is_data(layer) or _is_loss(layer)]
    for layer in layers:
        only_labels = labels.issuperset(layer.bottom or layer.top)
        if only_labels:
            labels.update(layer.top)
        elif not (_is_data(layer) or _is_loss(layer)):
            kept.append(_without_tops(layer, labels) if layer.type == "Input" else layer)
    fed = _fed(kept)
    crop = transform.crop_size if (transform := find_transform(proto.layer)) else 0
    inputs = [
        _input(blob, _shape(blob, kept, weights, crop, _given(blob, fed, input_shape)))
        for blob in fed
    ]
    warnings = (
        f"the net inside the file is used; dropped its data and loss layers: {', '.join(dropped)}",
    )
    return [*inputs, *kept], warnings if dropped else ()


def _without_splits(layers: Sequence[LayerParameter]) -> list[LayerParameter]:
    """Undo the Split layers that Caffe itself put in (insert_splits.cpp): their readers read the blob."""
    split: dict[str, str] = {}
    kept = []
    for layer in layers:
        own = [f"{layer.name}_{at}" for at in range(len(layer.top))]
        if layer.type == "Split" and layer.name.endswith("_split") and list(layer.top) == own:
            split |= dict.fromkeys(own, split.get(layer.bottom[0], layer.bottom[0]))
        elif split.keys() & set(layer.bottom):
            kept.append(_renamed(layer, split))
        else:
            kept.append(layer)
    return kept


def _renamed(layer: LayerParameter, names: Mapping[str, str]) -> LayerParameter:
    """Return a copy of a layer that reads other blobs."""
    copy = type(layer)()
    copy.CopyFrom(layer)
    copy.bottom[:] = [names.get(bottom, bottom) for bottom in layer.bottom]
    return copy


def _without_tops(layer: LayerParameter, tops: set[str]) -> LayerParameter:
    """Return an Input layer without some of its tops, and their shapes where each has its own."""
    left = [at for at, top in enumerate(layer.top) if top not in tops]
    if len(left) == len(layer.top):
        return layer
    copy = type(layer)()
    copy.CopyFrom(layer)
    copy.top[:] = [layer.top[at] for at in left]
    if len(layer.input_param.shape) == len(layer.top):
        del copy.input_param.shape[:]
        copy.input_param.shape.extend(layer.input_param.shape[at] for at in left)
    return copy


def _labels(proto: NetParameter, layers: Sequence[LayerParameter], weights: Weights) -> set[str]:
    """Return the fed blobs that reach losses alone: no layer with weights computes with them."""
    used: set[str] = set()
    for layer in reversed(layers):
        if not _is_loss(layer) and (weights.indices(layer.name) or used.intersection(layer.top)):
            used.update(layer.bottom)
    feeders = [layer for layer in proto.layer if _is_data(layer) or layer.type == "Input"]
    to_losses = {bottom for layer in layers if _is_loss(layer) for bottom in layer.bottom}
    return {
        top
        for layer in feeders
        for top in layer.top
        if top not in used and (_is_data(layer) or top in to_losses)
    }


def _is_data(layer: LayerParameter) -> bool:
    known = find(layer.type)
    if layer.type in FORK_DATA or (layer.type == "Python" and not layer.bottom):
        return True
    return known is not None and known.role == "input" and layer.type != "Input"


def _is_loss(layer: LayerParameter) -> bool:
    known = find(layer.type)
    return layer.type in FORK_LOSSES | SINKS or (known is not None and known.role == "loss")


def _fed(layers: Sequence[LayerParameter]) -> list[str]:
    """Return the blobs that are read before any layer makes them, in order."""
    made: set[str] = set()
    fed: dict[str, None] = {}
    for layer in layers:
        fed.update((bottom, None) for bottom in layer.bottom if bottom not in made)
        made.update(layer.top)
    return list(fed)


def _given(blob: str, fed: Sequence[str], input_shape: InputShape) -> Shape | None:
    if isinstance(input_shape, Mapping):
        shape = input_shape.get(blob)
        return tuple(shape) if shape is not None else None
    return tuple(input_shape) if input_shape is not None and len(fed) == 1 else None


def _shape(
    blob: str, layers: Sequence[LayerParameter], weights: Weights, crop: int, given: Shape | None
) -> Shape:
    """Return the shape of an input that the file does not declare. Raises InvalidNetError where it cannot be known."""
    if given is not None:
        return given
    reader = _first_with_weights(blob, layers, weights)
    stored = weights[reader.name][0].shape if reader is not None else ()
    if reader is not None and reader.type == "InnerProduct" and len(stored) == 2:
        return _flat(stored[1], crop)
    channels = 0
    if reader is not None and len(stored) > 1:
        channels = stored[1] * max(1, reader.convolution_param.group)
    if channels and crop:
        return (1, channels, crop, crop)
    raise InvalidNetError(
        f"the file does not tell the size of its input {blob!r}; give it with --input-shape "
        f"1,{channels or 'C'},H,W, or give the deploy prototxt"
    )


def _flat(values: int, crop: int) -> Shape:
    """Return the input shape of an inner product: an image of the crop's size if it divides, else a vector."""
    if crop and values % crop**2 == 0:
        return (1, values // crop**2, crop, crop)
    return (1, values)


def _first_with_weights(
    blob: str, layers: Sequence[LayerParameter], weights: Weights
) -> LayerParameter | None:
    """Return the first layer with weights on the way from `blob`, through layers that keep the channels."""
    names = {blob}
    for layer in layers:
        if names.isdisjoint(layer.bottom):
            continue
        if layer.type in {"Convolution", "InnerProduct"} and weights.count(layer.name):
            return layer
        names.update(layer.top)
    return None


def _input(blob: str, shape: Shape) -> LayerParameter:
    from protos import LayerParameter

    layer = LayerParameter(name=blob, type="Input", top=[blob])
    layer.input_param.shape.add(dim=shape)
    return layer
