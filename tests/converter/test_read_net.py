"""Net definitions as they stand in files, against protobuf's parser and Caffe's refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from google.protobuf import text_format

from converter.errors import CaffeError, FileFormatError, InvalidNetError
from converter.files.read_net import is_binary, parse_net, read_net
from protos import NetParameter

if TYPE_CHECKING:
    from pathlib import Path


def test_every_recorded_text_parses(shared: Path) -> None:
    paths = [*shared.glob("goldens/*/*/net.prototxt"), *shared.glob("models/*/*.prototxt")]
    refused = set()
    for path in paths:
        try:
            read_net(path)
        except CaffeError:
            refused.add(path.parent.name if path.name == "net.prototxt" else path.name)
    assert len(paths) > 600
    assert refused == {
        "bad_text",
        "lenet_solver.prototxt",
        "missing_required",
        "scalar_twice",
        "unknown_enum",
        "unknown_field",
    }


def test_text_and_binary_give_the_same_net(tmp_path: Path) -> None:
    net = NetParameter(name="n", layer=[{"name": "ip", "type": "InnerProduct"}])
    net.layer[0].inner_product_param.num_output = 3
    (tmp_path / "text").write_text(text_format.MessageToString(net))
    net.layer[0].blobs.add(data=[1, 2, 3], shape={"dim": [3]})
    (tmp_path / "binary").write_bytes(net.SerializeToString())
    net.layer[0].ClearField("blobs")
    assert read_net(tmp_path / "text") == read_net(tmp_path / "binary") == net
    assert is_binary(tmp_path / "binary")
    assert not is_binary(tmp_path / "text")


def test_old_nets_are_not_upgraded(shared: Path) -> None:
    formats = shared / "goldens/formats"
    v0 = read_net(formats / "v0_binary/net.caffemodel")
    assert [layer.layer.type for layer in v0.layers][:3] == ["conv", "relu", "pool"]
    assert len(read_net(formats / "proto_v1_layers/net.prototxt").layers) > 5


def test_fork_parameters_of_a_binary_net_are_read(shared: Path) -> None:
    folder = shared / "goldens/forks/permute_0231"
    binary, text = read_net(folder / "net.caffemodel"), read_net(folder / "net.prototxt")
    (stored,) = [layer for layer in binary.layer if layer.type == "Permute"]
    (written,) = [layer for layer in text.layer if layer.type == "Permute"]
    assert list(stored.permute_param.order) == list(written.permute_param.order) == [0, 2, 3, 1]


TEXTS = [
    (
        'layer { name: "r"\n  relu_param { slope: 1 } }',
        "line 2, column 16, layer 'r': ReLUParameter has no field 'slope'; known are negative_",
    ),
    (
        'layer { name: "c" convolution_param { kernal_size: 1 } }',
        "layer 'c': ConvolutionParameter has no field 'kernal_size'; did you mean 'kernel_size'?",
    ),
    ("layer { }\nlayr { }", "line 2, column 1: NetParameter has no field 'layr'; did you mean 'la"),
    (
        'layer { name: "p" pooling_param { pool: MEAN } }',
        "layer 'p': PoolingParameter.PoolMethod has no value 'MEAN'; known are MAX, AVE, STOCH",
    ),
    ('layer { name: "p" phase: TESTT }', "Phase has no value 'TESTT'; did you mean 'TEST'?"),
    ('layers { name: "a" type: "ReLU" }', "layer 'a': no type 'ReLU' in `layers`; a quoted type"),
    ('layer { name: "a" name: "b" }', "name of LayerParameter is given twice"),
    ('layer { name: "a"\n', "line 1, column 15, layer 'a': a closing brace is missing"),
    (
        'layer { name: "a" relu_param { }\nlayer { name: "b" }',
        "line 2, column 1, layer 'a': 'layer' inside of a LayerParameter; the closing brace before",
    ),
    (
        'layer { name: "a" }\nlayer { name: "b" } }',
        "layer 'b': Expected identifier or number, got }. Is there a brace",
    ),
    ("input_dim: 1.5", "line 1, column 12: Couldn't parse integer: 1.5"),
    ('name: "a\n"', "String missing ending quote"),
    (
        'layer { name: "p"\n  pooling_param { torch_pooling: true } }',
        "line 2, column 19, layer 'p': PoolingParameter has no field 'torch_pooling'; nvcaffe (NVIDIA/caffe) has it,",
    ),
    (
        'layer { name: "s" type: "ROIAlign" roi_align_param { } }',
        "synopsys-caffe) has it, and it is not converted; remove it if the outputs do not depend on it",
    ),
    (
        'layer { name: "c" convolution_param { engine: MKLDNN } }',
        "layer 'c': ConvolutionParameter.Engine has no value 'MKLDNN'; intel (intel/caffe) has it",
    ),
    (
        'layer { name: "s" channel_scale_param { } }',
        "layer 's': LayerParameter has no field 'channel_scale_param'; caffe-windows (happynear/caffe-windows) has",
    ),
    (
        'layers { name: "n" type: NORMALIZE }',
        "layer 'n': no type 'NORMALIZE' in `layers`; caffe-windows (happynear/caffe-windows) has it",
    ),
    ("layers { layer { name: 'old' kernel: 3 } }", "layer 'old': V0LayerParameter has no field"),
    (
        'layer { name: "a" }  # {\nlayer { param { name: "shared" } top: 3 }',
        "line 2, column 39: Expected string but found",
    ),
]


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_parse_errors_say_where_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(InvalidNetError) as refused:
        parse_net(text)
    assert message in str(refused.value)


def test_missing_required_fields_are_named(shared: Path) -> None:
    path = shared / "goldens/invalid/missing_required/net.prototxt"
    message = "net.prototxt: required fields are missing: clip_param.max in layer 'r'"
    with pytest.raises(InvalidNetError, match=message):
        read_net(path)


def test_bytes_that_are_not_utf8_are_passed_over_in_comments(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_bytes(b'\xef\xbb\xbf# caf\xe9 "\nname: "a # b" # \xff\nlayer { name: "\xc3\xa9" }')
    net = read_net(path)
    assert (net.name, net.layer[0].name) == ("a # b", "\u00e9")


def test_bytes_that_are_not_utf8_are_refused_in_names(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_bytes(b'# caf\xe9\nlayer { name: "caf\xe9" }')
    message = "line 2, column 19: byte 0xE9 is not UTF-8, which only comments may hold"
    with pytest.raises(InvalidNetError, match=message):
        read_net(path)


def test_a_binary_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(b"\xa2\x06\x07\x0a\x01a\x22\x02b\xe9")
    with pytest.raises(FileFormatError, match=r"layer\[0\].top\[0\] is not UTF-8: b'b\\xe9'"):
        read_net(path)


def test_text_beyond_the_bound_is_refused_by_size(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    with path.open("w") as file:
        file.write('name: "net"\n' + "# filler\n" * 2_000_000)
    with pytest.raises(FileFormatError, match=r"is a text of 18000012 bytes; nets up to 16777216"):
        read_net(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'net: "train.prototxt"', r'holds no net: it is a solver definition; .*\(net: "train'),
        (b"", "holds no net: it is an empty file"),
        ('layer { name: "a" }'.encode("utf-16"), "holds no net: it is UTF-16 text"),
        (b"<html>", "holds no net: it is a web page"),
        (b"hello", "holds no net: it is text, but no Caffe net"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        read_net(tmp_path / "x")


def test_hdf5_weights_need_a_prototxt(shared: Path) -> None:
    path = shared / "goldens/formats/v2_hdf5/net.caffemodel.h5"
    with pytest.raises(FileFormatError, match="holds weights but no net, as HDF5 does; give the"):
        read_net(path)


@pytest.mark.parametrize("name", ["v0_binary/net.caffemodel", "proto_odd_syntax/net.prototxt"])
def test_damaged_files_are_read_or_refused_in_words(
    shared: Path, tmp_path: Path, name: str
) -> None:
    data = (shared / "goldens/formats" / name).read_bytes()
    path, rng = tmp_path / "net", np.random.default_rng(4)
    refused = 0
    for attempt in range(300):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(damaged if attempt % 2 else data[: rng.integers(len(data))])
        try:
            read_net(path)
        except CaffeError as error:
            refused += str(error).startswith(str(path))
    assert refused > 100
