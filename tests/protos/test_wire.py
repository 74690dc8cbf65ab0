"""The wire walker, against protobuf's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from protos import BlobProto, LayerParameter, NetParameter, V1LayerParameter, renumbering
from protos.wire import Encoding, WireError, fields, split_net, stored_blob

if TYPE_CHECKING:
    from pathlib import Path

    from protos.wire import StoredBlob

CHUNK = [1.5, -2.25, 3.0e-7]


def tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(number: int, body: bytes) -> bytes:
    return tag(number, 2) + varint(len(body)) + body


def net_of_all_ages() -> list[NetParameter]:
    """A V0, a V1 and a V2 net, with blobs of unequal shapes."""
    legacy = BlobProto(num=1, channels=1, height=2, width=3, data=range(6), diff=range(6))
    shaped = BlobProto(shape={"dim": [3, 5]}, double_data=range(15))
    v0, v1, v2 = NetParameter(name="v0"), NetParameter(name="v1"), NetParameter(name="v2")
    outer = v0.layers.add(bottom=["data"], top=["conv"])
    outer.layer.name, outer.layer.type, outer.layer.num_output = "conv", "conv", 7
    outer.layer.blobs.extend([legacy, shaped])
    v1.layers.add(name="ip", type=V1LayerParameter.INNER_PRODUCT, blobs=[legacy, shaped])
    v2.layer.add(name="a", type="InnerProduct", blobs=[shaped, legacy], loss_weight=[1.0])
    v2.layer.add(name="relu", type="ReLU")
    return [v0, v1, v2]


def without_blobs(data: bytes) -> NetParameter:
    net = NetParameter.FromString(data)
    for layer in net.layer:
        layer.ClearField("blobs")
    for old in net.layers:
        old.ClearField("blobs")
        if old.HasField("layer"):
            old.layer.ClearField("blobs")
    return net


def numbers(data: bytes, blob: StoredBlob) -> list[float]:
    """The stored numbers, taken out one by one."""
    found: list[float] = []
    for span in blob.spans:
        stride, run = span.encoding.stride, span.encoding.name.endswith("_RUN")
        kind = "<f4" if stride in (4, 5) else "<f8"
        for at in range(span.start, span.end, stride):
            found += np.frombuffer(data[at + run : at + stride], kind).tolist()
    return found


@pytest.mark.parametrize("net", net_of_all_ages(), ids=lambda net: net.name)
def test_fields_tile_the_message(net: NetParameter) -> None:
    data = net.SerializeToString()
    rebuilt = b""
    for field in fields(data):
        rebuilt += data[len(rebuilt) : field.end]
    assert rebuilt == data
    assert [field.number for field in fields(data)] == [
        field.number
        for field, value in net.ListFields()
        for _ in (value if field.is_repeated else [value])
    ]


@pytest.mark.parametrize(
    ("data", "offset", "what"),
    [
        (b"\x0a\x05abc", 2, "field 1 needs 5 bytes, 3 are left"),
        (b"\x08\x01\x2d\x00\x00", 3, "field 5 needs 4 bytes, 2 are left"),
        (b"\x08", 1, "number cut short"),
        (b"\x08\x80", 1, "number cut short"),
        (b"\x08" + b"\xff" * 11, 1, "number longer than ten bytes"),
        (b"\x08" + b"\xff" * 9 + b"\x02", 1, "number above 64 bits"),
        (b"\x00\x01", 0, "impossible field number 0"),
        (b"\x0e\x01", 0, "field 1 of unknown wire type 6"),
        (b"\x0f\x01", 0, "field 1 of unknown wire type 7"),
        (b"\x0c", 0, "end of group 1, which never began"),
        (b"\x0b\x14", 1, "end of group 2, which is not the open one"),
        (b"\x0b\x08\x01", 3, "number cut short"),
        (b"\x0b" * 200 + b"\x0c" * 200, 100, "groups nested more than 100 deep"),
    ],
)
def test_damage_is_refused_with_its_place(data: bytes, offset: int, what: str) -> None:
    with pytest.raises(WireError, match=rf"^{what} at byte {offset}$"):
        list(fields(data))


def test_groups_are_passed_over_whole() -> None:
    inner = tag(9, 3) + tag(2, 0) + varint(300) + tag(9, 4)
    data = tag(7, 3) + inner + message(3, b"\x3c") + tag(7, 4) + tag(1, 0) + varint(5)
    assert [(field.number, field.wire_type) for field in fields(data)] == [(7, 3), (1, 0)]


@pytest.mark.parametrize("net", net_of_all_ages(), ids=lambda net: net.name)
def test_split_net_agrees_with_protobuf(net: NetParameter) -> None:
    data = net.SerializeToString()
    skeleton, layers = split_net(data)
    assert NetParameter.FromString(skeleton) == without_blobs(data)
    assert b"double" not in skeleton
    assert len(skeleton) < len(data) / 2
    entries = [old.layer if old.HasField("layer") else old for old in net.layers] or net.layer
    for layer, entry in zip(layers, entries, strict=True):
        assert (layer.name, layer.type, layer.version) == (entry.name, entry.type, net.name.upper())
        for blob, wanted in zip(layer.blobs, entry.blobs, strict=True):
            assert numbers(data, blob) == list(wanted.double_data or wanted.data)
            assert blob.shape == (tuple(wanted.shape.dim) or None)
            assert blob.legacy == ((1, 1, 2, 3) if wanted.num else (None,) * 4)


def test_every_published_model_splits_as_protobuf_parses_it(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protos.wire.renumbering", lambda *_: {})
    monkeypatch.setattr("protos.wire.inner_renumbering", lambda *_: {})
    monkeypatch.setattr("protos.wire.inner_renumbering", lambda *_: {})
    paths = [*shared.glob("models/*/*.caffemodel"), *shared.glob("goldens/*/*/*.caffemodel")]
    checked = 0
    for path in paths:
        if path.parent.name in ("model_truncated", "model_text", "model_garbage"):
            continue
        data = path.read_bytes()
        assert NetParameter.FromString(split_net(data)[0]) == without_blobs(data), path
        checked += 1
    assert checked > 500


def test_repeated_singular_fields_merge_as_in_protobuf() -> None:
    blob = BlobProto(shape={"dim": [2]}, data=[1, 2]).SerializeToString()
    more = BlobProto(shape={"dim": [1]}, num=4).SerializeToString()
    first = message(1, b"first") + message(2, b"conv") + message(50, blob)
    second = message(1, b"last") + message(50, blob + more)
    data = message(2, message(1, first) + message(4, b"not this name") + message(1, second))
    (layer,) = split_net(data)[1]
    parsed = NetParameter.FromString(data).layers[0].layer
    assert (layer.name, layer.type, layer.version) == (parsed.name, parsed.type, "V0")
    assert (layer.name, len(layer.blobs)) == ("last", len(parsed.blobs))
    assert layer.blobs[1].shape == tuple(parsed.blobs[1].shape.dim) == (2, 1)
    assert layer.blobs[1].legacy == (4, None, None, None)
    assert NetParameter.FromString(split_net(data)[0]) == without_blobs(data)


def packed(values: list[float]) -> bytes:
    return message(5, np.array(values, "<f4").tobytes())


def unpacked(values: list[float], prefix: bytes = b"\x2d") -> bytes:
    return b"".join(prefix + np.float32(value).tobytes() for value in values)


def doubles(values: list[float]) -> bytes:
    return b"".join(b"\x41" + np.float64(value).tobytes() for value in values)


@pytest.mark.parametrize(
    ("data", "encodings"),
    [
        (packed(CHUNK), "FLOATS"),
        (unpacked(CHUNK), "FLOAT_RUN"),
        (unpacked(CHUNK * 50), "FLOAT_RUN"),
        (packed(CHUNK) + unpacked(CHUNK) + packed(CHUNK), "FLOATS FLOAT_RUN FLOATS"),
        (unpacked(CHUNK) + b"\x35\0\0\0\0" * 9 + unpacked(CHUNK), "FLOAT_RUN FLOAT_RUN"),
        (unpacked(CHUNK, b"\xad\x00"), "FLOATS FLOATS FLOATS"),  # a tag longer than need be
        (doubles(CHUNK), "DOUBLE_RUN"),
        (message(8, np.array(CHUNK, "<f8").tobytes()), "DOUBLES"),
        (packed([]), "FLOATS"),
        (b"\x28\x05", ""),  # data as a varint: unknown to protobuf, and to us
    ],
)
def test_numbers_are_found_however_they_are_written(data: bytes, encodings: str) -> None:
    blob = stored_blob(data)
    parsed = BlobProto.FromString(data)
    assert numbers(data, blob) == list(parsed.double_data or parsed.data)
    assert [span.encoding.name for span in blob.spans] == encodings.split()
    assert sum(span.numbers for span in blob.spans) == len(parsed.double_data or parsed.data)


def test_millions_of_unpacked_floats_are_one_span() -> None:
    count = 2_500_000
    (span,) = stored_blob(b"\x2d\x00\x00\x80\x3f" * count).spans
    assert (span.encoding, span.numbers, span.start) == (Encoding.FLOAT_RUN, count, 0)


def test_data_that_floats_cannot_fill_is_refused() -> None:
    with pytest.raises(WireError, match="packed float32 cannot fill 7 bytes at byte 2"):
        stored_blob(message(5, b"1234567"))


@pytest.mark.parametrize(
    ("number", "encoding"),
    [
        (0, Encoding.RAW_DOUBLES),
        (1, Encoding.RAW_FLOATS),
        (2, Encoding.RAW_HALVES),
        (3, Encoding.RAW_OTHER),
        (None, Encoding.RAW_OTHER),
    ],
)
def test_raw_data_of_nvcaffe_has_the_type_said_beside_it(
    number: int | None, encoding: Encoding
) -> None:
    kind = b"" if number is None else tag(10, 0) + varint(number)
    data = message(12, bytes(16)) + kind  # the type may come after the data
    (span,) = stored_blob(data).spans
    assert (span.start, span.end, span.encoding) == (2, 18, encoding)


def test_dims_are_signed_and_packed_or_not() -> None:
    minus_one = b"\xff" * 9 + b"\x01"
    shape = message(1, varint(3) + minus_one) + tag(1, 0) + varint(4)
    blob = stored_blob(message(7, shape) + tag(1, 0) + minus_one)
    assert blob.shape == (3, -1, 4)
    assert blob.legacy == (-1, None, None, None)


def test_fork_parameters_are_renumbered_wherever_the_type_stands() -> None:
    private = renumbering("Permute", None)[202]
    order = b"\x08\x00\x08\x02"
    data = message(100, message(202, order) + message(2, b"Permute"))
    skeleton, (layer,) = split_net(data)
    assert skeleton == message(100, message(private, order) + message(2, b"Permute"))
    assert layer.type == "Permute"


def test_other_types_and_other_wire_types_keep_their_numbers() -> None:
    data = message(100, message(2, b"ReLU") + message(202, b"\x08\x00"))
    assert split_net(data)[0] == data
    enums = b"".join(tag(number, 0) + varint(2) for number in (145, 146, 147))
    data = message(100, message(2, b"Permute") + tag(202, 0) + varint(1) + enums)
    assert split_net(data)[0] == data
    NetParameter.FromString(data)


def test_bytes_of_a_name_survive() -> None:
    raw = b"caf\xe9\xff"
    (layer,) = split_net(message(100, message(1, raw)))[1]
    assert layer.name.encode("utf-8", "surrogateescape") == raw


@pytest.mark.parametrize("net", net_of_all_ages(), ids=lambda net: net.name)
def test_cut_at_any_byte_is_refused_where_protobuf_refuses(net: NetParameter) -> None:
    data = net.SerializeToString()
    for length in range(len(data)):
        assert accepts(data[:length]) == parses(data[:length]), length


@pytest.mark.parametrize("net", net_of_all_ages(), ids=lambda net: net.name)
def test_what_protobuf_parses_after_damage_is_split_alike(net: NetParameter) -> None:
    data, rng = net.SerializeToString(), np.random.default_rng(7)
    parsed = 0
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(len(damaged))] = rng.integers(256)
        ours, theirs = accepts(bytes(damaged)), parses(bytes(damaged))
        if theirs:
            assert ours, bytes(damaged)
            parsed += 1
    assert parsed > 100


def accepts(data: bytes) -> bool:
    try:
        split_net(data)
    except WireError:
        return False
    return True


def parses(data: bytes) -> bool:
    try:
        NetParameter().MergeFromString(data)
    except DecodeError:
        return False
    return True


def test_a_layer_without_a_type_is_not_renumbered() -> None:
    data = message(100, message(1, b"x") + LayerParameter(bottom=["a"]).SerializeToString())
    skeleton, (layer,) = split_net(data)
    assert skeleton == data
    assert (layer.type, layer.blobs) == ("", ())


@pytest.mark.parametrize(
    "name",
    ["bn_segnet_inference", "bn_psp_eps", "pool_ceil_mode_false", "upsample_yolo2", "interp_zoom8"],
)
def test_fork_fields_of_a_binary_layer_are_those_of_its_text(shared, name: str) -> None:
    """Inner numbers collide too: `ceil_mode`, and the bn_param of two forks."""
    from google.protobuf import text_format

    from protos import NetParameter

    folder = shared / "goldens" / "forks" / name
    text, binary = NetParameter(), NetParameter()
    text_format.Parse((folder / "net.prototxt").read_text(), text)
    binary.ParseFromString(split_net((folder / "net.caffemodel").read_bytes())[0])
    for one, other in zip(text.layer, binary.layer[-len(text.layer) :], strict=True):
        for field in ("pooling_param", "bn_param", "upsample_param", "interp_param"):
            assert getattr(one, field) == getattr(other, field)
