"""Old nets against the ones that Caffe's own upgrade tools wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf import text_format

from converter.errors import InvalidNetError
from converter.upgrade import upgrade
from protos import NetParameter, V1LayerParameter

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str) -> NetParameter:
    return text_format.Parse(text, NetParameter())


def upgraded(text: str) -> tuple[str, tuple[str, ...]]:
    net, warnings = upgrade(parse(text))
    return text_format.MessageToString(net), warnings


@pytest.mark.parametrize(
    "name",
    [
        "v0_deploy",
        "v0_train_data",
        "v1_deploy",
        "v1_many",
        "v1_train_data",
        "memnet_deploy",
        "input_dim_v2",
    ],
)
def test_text_is_upgraded_as_by_caffe(shared: Path, name: str) -> None:
    folder = shared / "goldens" / "formats" / "upgrade"
    ours, _ = upgraded((folder / f"{name}.prototxt").read_text())
    theirs = parse((folder / f"{name}.upgraded.prototxt").read_text())
    assert ours == text_format.MessageToString(theirs)


@pytest.mark.parametrize("name", ["v0_model", "v1_model"])
def test_binary_is_upgraded_as_by_caffe(shared: Path, name: str) -> None:
    folder = shared / "goldens" / "formats" / "upgrade"
    ours, warnings = upgrade(NetParameter.FromString((folder / f"{name}.caffemodel").read_bytes()))
    theirs = NetParameter.FromString((folder / f"{name}.upgraded.caffemodel").read_bytes())
    assert any(layer.blobs for layer in ours.layer)
    assert ours == theirs
    assert warnings == ()


def test_every_v1_type_has_the_name_of_a_v2_type(shared: Path) -> None:
    """The oracle is Caffe's list of known types, from its message on an unknown one."""
    cases = json.loads((shared / "goldens" / "index.json").read_text())["cases"]
    (message,) = (case["message"] for case in cases if case["case"] == "unknown_type")
    known = set(message.split("known types: ")[1].rstrip(")").split(", ")) | {"WindowData", ""}
    for v1_type in V1LayerParameter.LayerType.keys():  # noqa: SIM118 - not a dict
        net, _ = upgrade(parse(f"layers {{ name: 'x' type: {v1_type} }}"))
        assert net.layer[0].type in known, v1_type


def test_the_argument_is_left_as_it_was() -> None:
    layer = "layers { name: 'c' type: RELU bottom: 'data' top: 'c' }"
    net = parse(f"input: 'data' input_dim: [2, 3, 5, 7] {layer}")
    before = net.SerializeToString()
    upgrade(net)
    assert net.SerializeToString() == before


def test_todays_net_stays_as_it_is() -> None:
    text = "layer { name: 'd' type: 'Input' top: 'data' input_param { shape { dim: [2, 3] } } }"
    assert upgraded(text) == (text_format.MessageToString(parse(text)), ())


def test_a_parameter_that_the_v0_type_lacks_is_named_in_a_warning(shared: Path) -> None:
    text = (shared / "goldens/formats/upgrade/v0_train_data.prototxt").read_text()
    (warning,) = upgraded(text)[1]
    assert warning.startswith(
        "layer 'data': parameter 'det_fg_threshold' was ignored, as type 'data'"
    )


def test_batch_norm_statistics_are_not_trained() -> None:
    net, _ = upgrade(
        parse("layer { type: 'BatchNorm' param {} param { name: 'v' } param { lr_mult: 3 } }")
    )
    specs = [(spec.name, spec.lr_mult, spec.decay_mult) for spec in net.layer[0].param]
    assert specs == [("", 0, 0), ("v", 0, 0), ("", 0, 0)]


def test_batch_norm_with_other_than_three_params_is_left_alone() -> None:
    net, _ = upgrade(parse("layer { type: 'BatchNorm' param { lr_mult: 3 } param {} }"))
    assert net.layer[0].param[0].lr_mult == 3


def test_inputs_get_one_layer_in_front() -> None:
    net, _ = upgrade(
        parse(
            "input: 'a' input: 'b' input_shape { dim: [2, 3] } input_shape { dim: 5 } "
            "layer { name: 'x' type: 'Silence' bottom: 'a' bottom: 'b' }"
        )
    )
    assert [layer.type for layer in net.layer] == ["Input", "Silence"]
    assert list(net.layer[0].top) == ["a", "b"]
    assert [list(shape.dim) for shape in net.layer[0].input_param.shape] == [[2, 3], [5]]
    assert [len(old) for old in (net.input, net.input_shape, net.input_dim)] == [0, 0, 0]


def test_input_shape_wins_over_input_dim(shared: Path) -> None:
    text = (shared / "goldens/invalid/input_shape_and_dim/net.prototxt").read_text()
    net, warnings = upgrade(parse(text))
    assert list(net.layer[0].input_param.shape[0].dim) == [2, 3]
    assert warnings == ("both input_shape and input_dim are given; input_dim was ignored",)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("mixed_layer_layers", "both 'layer' .* and the older 'layers' .* rewrite each 'layers'"),
        (
            "mixed_v0_v1",
            "mixes the V0 form, .* with the V1 form, from layer .* write all layers in one form",
        ),
        ("input_dim_count", "3 input_dim for 1 input; .* give 4, or use input_shape"),
        ("input_no_shape", "input 'data' has no shape; add input_shape"),
    ],
)
def test_net_that_cannot_be_right_is_refused(shared: Path, case: str, message: str) -> None:
    text = (shared / "goldens" / "invalid" / case / "net.prototxt").read_text()
    with pytest.raises(InvalidNetError, match=message):
        upgrade(parse(text))


def padded(bottoms: str, v0_type: str) -> str:
    """A V0 net of a padding layer with these bottoms, and a layer of this type that reads it."""
    padding = f"layers {{ layer {{ name: 'p' type: 'padding' }} {bottoms} top: 'p' }}"
    reader = f"layers {{ layer {{ name: 'x' type: '{v0_type}' }} bottom: 'p' top: 'x' }}"
    return f"input: 'd' input_dim: [1, 1, 1, 1] {padding} {reader}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "input: 'a' input: 'b' input_shape { dim: 2 }",
            "1 input_shape for 2 input; .* add those of 'b'",
        ),
        (
            "layers { layer { name: 'x' type: 'convolution' } }",
            "layer 'x': unknown V0 type 'convolution'; known are 'accuracy', ",
        ),
        (
            "layers { layer { name: 'x' type: 'conv' } bottom: 'dta' }",
            "layer 'x': unknown bottom 'dta'; the blobs before it are none",
        ),
        (
            padded("bottom: 'd'", "relu"),
            "layer 'x': type 'relu' reads padding layer 'p'; only 'conv' and 'pool' can",
        ),
        (
            padded("bottom: 'd' bottom: 'd'", "pool"),
            "layer 'x': has 1 bottoms, and its padding layer 'p' 2 bottoms and 1 tops",
        ),
    ],
)
def test_message_names_layer_value_and_allowed_values(text: str, message: str) -> None:
    with pytest.raises(InvalidNetError, match=message):
        upgrade(parse(text))
