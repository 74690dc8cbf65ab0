"""Nets of every age in today's form, as Caffe itself upgrades them (upgrade_proto.cpp).

V0 layers (2013) become V1, V1 layers (2014) become V2, and the `input` fields an Input layer.
Where Caffe would go on with a net that it misunderstood, this refuses or warns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from google.protobuf.message import Message

from protos import BlobShape, LayerParameter, NetParameter, ParamSpec, V1LayerParameter

from .errors import InvalidNetError, context

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["upgrade"]


class _V0Type(NamedTuple):
    """What a V0 layer type is in V1."""

    type: V1LayerParameter.LayerType
    message: str = ""  # the V1 message that takes its parameters
    fields: dict[str, str] = {}  # V0 field → field of that message  # noqa: RUF012 - never changed


_WEIGHTED = {
    "num_output": "num_output",
    "biasterm": "bias_term",
    "weight_filler": "weight_filler",
    "bias_filler": "bias_filler",
}
_WINDOW = {"pad": "pad", "kernelsize": "kernel_size", "stride": "stride"}
_BATCH = {"source": "source", "batchsize": "batch_size"}

_V0_TYPES = {
    "accuracy": _V0Type(V1LayerParameter.ACCURACY),
    "bnll": _V0Type(V1LayerParameter.BNLL),
    "concat": _V0Type(V1LayerParameter.CONCAT, "concat_param", {"concat_dim": "concat_dim"}),
    "conv": _V0Type(
        V1LayerParameter.CONVOLUTION,
        "convolution_param",
        {**_WEIGHTED, **_WINDOW, "group": "group"},
    ),
    "data": _V0Type(V1LayerParameter.DATA, "data_param", {**_BATCH, "rand_skip": "rand_skip"}),
    "dropout": _V0Type(
        V1LayerParameter.DROPOUT, "dropout_param", {"dropout_ratio": "dropout_ratio"}
    ),
    "euclidean_loss": _V0Type(V1LayerParameter.EUCLIDEAN_LOSS),
    "flatten": _V0Type(V1LayerParameter.FLATTEN),
    "hdf5_data": _V0Type(V1LayerParameter.HDF5_DATA, "hdf5_data_param", _BATCH),
    "hdf5_output": _V0Type(V1LayerParameter.HDF5_OUTPUT),
    "im2col": _V0Type(V1LayerParameter.IM2COL),
    "images": _V0Type(
        V1LayerParameter.IMAGE_DATA,
        "image_data_param",
        {
            **_BATCH,
            "rand_skip": "rand_skip",
            "shuffle_images": "shuffle",
            "new_height": "new_height",
            "new_width": "new_width",
        },
    ),
    "infogain_loss": _V0Type(
        V1LayerParameter.INFOGAIN_LOSS, "infogain_loss_param", {"source": "source"}
    ),
    "innerproduct": _V0Type(V1LayerParameter.INNER_PRODUCT, "inner_product_param", _WEIGHTED),
    "lrn": _V0Type(
        V1LayerParameter.LRN,
        "lrn_param",
        {"local_size": "local_size", "alpha": "alpha", "beta": "beta", "k": "k"},
    ),
    "multinomial_logistic_loss": _V0Type(V1LayerParameter.MULTINOMIAL_LOGISTIC_LOSS),
    "pool": _V0Type(V1LayerParameter.POOLING, "pooling_param", {**_WINDOW, "pool": "pool"}),
    "relu": _V0Type(V1LayerParameter.RELU),
    "sigmoid": _V0Type(V1LayerParameter.SIGMOID),
    "softmax": _V0Type(V1LayerParameter.SOFTMAX),
    "softmax_loss": _V0Type(V1LayerParameter.SOFTMAX_LOSS),
    "split": _V0Type(V1LayerParameter.SPLIT),
    "tanh": _V0Type(V1LayerParameter.TANH),
    "window_data": _V0Type(
        V1LayerParameter.WINDOW_DATA,
        "window_data_param",
        {
            **_BATCH,
            "det_fg_threshold": "fg_threshold",
            "det_bg_threshold": "bg_threshold",
            "det_fg_fraction": "fg_fraction",
            "det_context_pad": "context_pad",
            "det_crop_mode": "crop_mode",
        },
    ),
}

_V0_TRANSFORM = {
    "scale": "scale",
    "meanfile": "mean_file",
    "cropsize": "crop_size",
    "mirror": "mirror",
}
_V0_COMMON = ("name", "type", "blobs", "blobs_lr", "weight_decay")

# Types whose V1 name is not the V2 name in capitals and underscores
_V1_SPELLING = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}

_V1_DATA = {
    V1LayerParameter.DATA: "data_param",
    V1LayerParameter.IMAGE_DATA: "image_data_param",
    V1LayerParameter.WINDOW_DATA: "window_data_param",
}


def upgrade(net: NetParameter) -> tuple[NetParameter, tuple[str, ...]]:
    """The net with V2 layers and no input fields, and warnings in plain words; `net` stays as is.

    Raises:
        InvalidNetError: the net mixes formats, or its inputs have no usable shape.
    """
    result = NetParameter()
    result.CopyFrom(net)
    warnings: list[str] = []
    if result.layers:
        _upgrade_layers(result, warnings)
    if result.input:
        _upgrade_inputs(result, warnings)
    elif result.input_dim or result.input_shape:
        warnings.append("input_dim or input_shape without any input was ignored")
    _upgrade_batch_norm(result)
    return result, tuple(warnings)


def _upgrade_layers(net: NetParameter, warnings: list[str]) -> None:
    """`layers`, V0 or V1 → `layer`."""
    _refuse_mixture(net)
    is_v0 = net.layers[0].HasField("layer")
    old = list(_without_padding(net) if is_v0 else net.layers)
    for layer in old:
        with context(f"layer {_name(layer)!r}"):
            v1 = _from_v0(layer, warnings) if is_v0 else layer
            _move_transformation(v1)
            net.layer.append(_from_v1(v1))
    net.ClearField("layers")


def _refuse_mixture(net: NetParameter) -> None:
    if net.layer:
        raise InvalidNetError(
            f"both 'layer' ({len(net.layer)} times, first {net.layer[0].name!r}) and the older "
            f"'layers' ({len(net.layers)} times, first {_name(net.layers[0])!r}) are present; a "
            "net has one of them: rewrite each 'layers' as 'layer'"
        )
    is_v0 = [layer.HasField("layer") for layer in net.layers]
    if len(set(is_v0)) > 1:
        odd = net.layers[is_v0.index(not is_v0[0])]
        raise InvalidNetError(
            "'layers' mixes the V0 form, layers { layer { ... } }, with the V1 form, from layer "
            f"{_name(odd)!r} on; a net has one of them: write all layers in one form"
        )


def _without_padding(net: NetParameter) -> Iterator[V1LayerParameter]:
    """V0 layers, each "padding" layer folded into the convolution or pooling that reads it."""
    producer: dict[str, V1LayerParameter | None] = dict.fromkeys(net.input)
    for layer in net.layers:
        folded = V1LayerParameter()
        folded.CopyFrom(layer)
        with context(f"layer {_name(layer)!r}"):
            for index, bottom in enumerate(layer.bottom):
                if bottom not in producer:
                    raise InvalidNetError(
                        f"unknown bottom {bottom!r}; the blobs before it are {_listed(producer)}"
                    )
                source = producer[bottom]
                if source is not None and source.layer.type == "padding":
                    _fold(source, folded, index)
        if layer.layer.type != "padding":
            yield folded
        producer.update(dict.fromkeys(layer.top, layer))


def _fold(padding: V1LayerParameter, layer: V1LayerParameter, index: int) -> None:
    if layer.layer.type not in {"conv", "pool"}:
        raise InvalidNetError(
            f"type {layer.layer.type!r} reads padding layer {_name(padding)!r}; only 'conv' and "
            "'pool' can: remove the padding layer"
        )
    if (len(layer.bottom), len(padding.bottom), len(padding.top)) != (1, 1, 1):
        raise InvalidNetError(
            f"has {len(layer.bottom)} bottoms, and its padding layer {_name(padding)!r} "
            f"{len(padding.bottom)} bottoms and {len(padding.top)} tops; each must be 1"
        )
    layer.layer.pad = padding.layer.pad
    layer.bottom[index] = padding.bottom[0]


def _from_v0(connection: V1LayerParameter, warnings: list[str]) -> V1LayerParameter:
    """A V0 layer in V1 form; parameters that its type does not have are named in a warning."""
    old = connection.layer
    if old.type not in _V0_TYPES:
        raise InvalidNetError(f"unknown V0 type {old.type!r}; known are {_listed(_V0_TYPES)}")
    known = _V0_TYPES[old.type]
    new = V1LayerParameter(bottom=connection.bottom, top=connection.top, type=known.type)
    if old.HasField("name"):
        new.name = old.name
    new.blobs.extend(old.blobs)
    new.blobs_lr.extend(old.blobs_lr)
    new.weight_decay.extend(old.weight_decay)
    for field, value in old.ListFields():
        if field.name in known.fields:
            _set(getattr(new, known.message), known.fields[field.name], value)
        elif field.name in _V0_TRANSFORM:
            _set(new.transform_param, _V0_TRANSFORM[field.name], value)
        elif (field.name, old.type) == ("hdf5_output_param", "hdf5_output"):
            _set(new, field.name, value)
        elif field.name not in _V0_COMMON:
            warnings.append(
                f"layer {old.name!r}: parameter {field.name!r} was ignored, as type {old.type!r} "
                "has no such parameter"
            )
    return new


def _move_transformation(layer: V1LayerParameter) -> None:
    """Move scale, mean_file, crop_size and mirror of a data layer to its transform_param."""
    message = _V1_DATA.get(layer.type)
    if message is None or not layer.HasField(message):
        return
    parameters: Message = getattr(layer, message)
    for field in ("scale", "mean_file", "crop_size", "mirror"):
        if parameters.HasField(field):
            setattr(layer.transform_param, field, getattr(parameters, field))
            parameters.ClearField(field)


def _from_v1(old: V1LayerParameter) -> LayerParameter:
    """A V1 layer in V2 form."""
    new = LayerParameter(
        bottom=old.bottom,
        top=old.top,
        blobs=old.blobs,
        include=old.include,
        exclude=old.exclude,
        loss_weight=old.loss_weight,
        param=_param_specs(old),
    )
    if old.HasField("name"):
        new.name = old.name
    if old.HasField("type"):
        new.type = _v2_type(V1LayerParameter.LayerType.Name(old.type))
    for field, value in old.ListFields():
        if field.name.endswith("_param"):
            _set(new, field.name, value)
    return new


def _v2_type(v1_type: str) -> str:
    """EUCLIDEAN_LOSS → EuclideanLoss."""
    spelled = "".join(word.capitalize() for word in v1_type.split("_"))
    return _V1_SPELLING.get(v1_type, spelled)


def _param_specs(old: V1LayerParameter) -> list[ParamSpec]:
    """One per blob that any of V1's four parallel lists speaks of."""
    lists = (old.param, old.blob_share_mode, old.blobs_lr, old.weight_decay)
    specs = [ParamSpec() for _ in range(max(len(values) for values in lists))]
    for spec, name in zip(specs, old.param, strict=False):
        spec.name = name
    for spec, mode in zip(specs, old.blob_share_mode, strict=False):
        _set(spec, "share_mode", mode)  # two enums of the same numbers
    for spec, rate in zip(specs, old.blobs_lr, strict=False):
        spec.lr_mult = rate
    for spec, decay in zip(specs, old.weight_decay, strict=False):
        spec.decay_mult = decay
    return specs


def _upgrade_inputs(net: NetParameter, warnings: list[str]) -> None:
    """`input` with `input_shape` or `input_dim` → an Input layer in front."""
    layer = LayerParameter(name="input", type="Input", top=net.input)
    layer.input_param.shape.extend(_input_shapes(net, warnings))
    others = list(net.layer)
    net.ClearField("layer")
    net.layer.extend([layer, *others])
    for field in ("input", "input_shape", "input_dim"):
        net.ClearField(field)


def _input_shapes(net: NetParameter, warnings: list[str]) -> list[BlobShape]:
    """One shape per input; `input_shape` wins over `input_dim`."""
    inputs, shapes, dims = len(net.input), len(net.input_shape), len(net.input_dim)
    if not shapes and not dims:
        raise InvalidNetError(
            f"input {_listed(net.input)} has no shape; add input_shape {{ dim: ... }} for each"
        )
    if not shapes:
        if dims != 4 * inputs:
            raise InvalidNetError(
                f"{dims} input_dim for {inputs} input; there must be four for each, batch, "
                f"channels, height and width: give {4 * inputs}, or use input_shape"
            )
        return [BlobShape(dim=net.input_dim[i : i + 4]) for i in range(0, dims, 4)]
    if shapes < inputs:
        raise InvalidNetError(
            f"{shapes} input_shape for {inputs} input; there must be one for each: add those "
            f"of {_listed(net.input[shapes:])}"
        )
    if shapes > inputs:
        warnings.append(f"{shapes} input_shape for {inputs} input; those left over were ignored")
    if dims:
        warnings.append("both input_shape and input_dim are given; input_dim was ignored")
    return list(net.input_shape[:inputs])


def _upgrade_batch_norm(net: NetParameter) -> None:
    """The three blobs of a BatchNorm are statistics, which training must leave alone."""
    for layer in net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            for spec in layer.param:
                spec.lr_mult = 0
                spec.decay_mult = 0


def _set(message: Message, field: str, value: object) -> None:
    """Set a scalar, append to a list, or copy a message, as the field wants."""
    current = getattr(message, field)
    if isinstance(current, bool | int | float | str | bytes):
        setattr(message, field, value)
    elif isinstance(current, Message):
        current.CopyFrom(cast("Message", value))
    else:
        current.append(value)


def _name(layer: V1LayerParameter) -> str:
    return layer.layer.name if layer.HasField("layer") else layer.name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
