"""Binary layers with the forks' own field numbers, against the text of the same net."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf import text_format

from protos import DIALECTS, LayerParameter, NetParameter, inner_renumbering, renumbering
from protos.dialects import _BVLC_OWNERS, _FIELDS, UNREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

LAYER, TYPE, LENGTH = 100, 2, 2  # field numbers of NetParameter and LayerParameter; a wire type


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def read_varint(data: bytes, start: int) -> tuple[int, int]:
    end = start
    while data[end] & 0x80:
        end += 1
    return sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data[start : end + 1])), end + 1


def fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and payload of each field."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        wire = key & 7
        start, end = at, at + {1: 8, 5: 4}.get(wire, 0)
        if wire == LENGTH:
            length, start = read_varint(data, at)
            end = start + length
        elif wire == 0:
            _, end = read_varint(data, at)
        yield key >> 3, wire, data[start:end]
        at = end


def rewritten(data: bytes, change: Callable[[int, bytes], tuple[int, bytes]]) -> bytes:
    """The message with each number and payload passed through `change`."""
    parts = []
    for number, wire, payload in fields(data):
        new_number, new_payload = change(number, payload)
        length = varint(len(new_payload)) if wire == LENGTH else b""
        parts.append(varint(new_number << 3 | wire) + length + new_payload)
    return b"".join(parts)


def renumbered(layer: bytes, dialect: str | None = None) -> bytes:
    layer_type = next(payload for number, _, payload in fields(layer) if number == TYPE).decode()
    outer = renumbering(layer_type, dialect)
    inner: Mapping[int, Mapping[int, int]] = inner_renumbering(layer_type, dialect)

    def change(number: int, payload: bytes) -> tuple[int, bytes]:
        if number in inner:
            numbers = inner[number]
            payload = rewritten(payload, lambda n, value: (numbers.get(n, n), value))
        return outer.get(number, number), payload

    return rewritten(layer, change)


def parameters(layer: LayerParameter) -> str:
    """What text and file agree on; Caffe adds blobs, phase and param specs, and splits bottoms."""
    copy = LayerParameter()
    copy.CopyFrom(layer)
    for field in ("blobs", "phase", "param", "bottom"):
        copy.ClearField(field)
    return text_format.MessageToString(copy)


def test_every_recorded_fork_layer_is_read_as_its_text(shared: Path) -> None:
    folders = [
        f for f in (shared / "goldens" / "forks").iterdir() if (f / "net.caffemodel").exists()
    ]
    assert len(folders) > 100
    wrong = {f.name: difference for f in folders if (difference := misread(f))}
    assert wrong == {}


def misread(folder: Path) -> list[tuple[str, str]]:
    """Pairs of what the text says and what the file is read as, where they differ."""
    text = (folder / "net.prototxt").read_text(encoding="utf-8")
    wanted = {x.name: parameters(x) for x in text_format.Parse(text, NetParameter()).layer}
    pairs = []
    for number, _, payload in fields((folder / "net.caffemodel").read_bytes()):
        if number == LAYER:
            layer = LayerParameter.FromString(renumbered(payload))
            if layer.type != "Split":  # Caffe inserts these
                pairs.append((wanted[layer.name], parameters(layer)))
    assert pairs
    return [(text, file) for text, file in pairs if text.splitlines() != file.splitlines()]


def test_every_fork_and_model_prototxt_parses(shared: Path) -> None:
    paths = [*shared.glob("goldens/forks/*/net.prototxt"), *shared.glob("models/*/*.prototxt")]
    paths = [path for path in paths if "solver" not in path.name]
    assert len(paths) > 150
    for path in paths:
        text_format.Parse(path.read_text(encoding="utf-8"), NetParameter())


@pytest.mark.parametrize(
    ("layer_type", "field", "numbers"),
    [
        ("Interp", "interp_param", (143, 162, 163)),
        ("BN", "bn_param", (152, 45, 200, 137, 41)),
        ("Upsample", "upsample_param", (137, 147, 150, 149, 177)),
        ("ROIPooling", "roi_pooling_param", (8266711, 154, 204, 147, 150)),
        ("Permute", "permute_param", (202, 224)),
    ],
)
def test_without_a_dialect_every_forks_number_counts(
    layer_type: str, field: str, numbers: tuple[int, ...]
) -> None:
    private = LayerParameter.DESCRIPTOR.fields_by_name[field].number
    assert {renumbering(layer_type)[number] for number in numbers} == {private}


def test_a_dialect_narrows_the_choice_to_its_own_number() -> None:
    assert 177 not in renumbering("Upsample", "mobilenet-yolo")
    assert renumbering("Upsample", "mobilenet-yolo")[137] == UNREAD
    assert 150 in renumbering("Upsample", "mobilenet-yolo")


def test_within_a_layer_type_no_number_means_two_fields() -> None:
    for types, named in _FIELDS.items():
        numbers = [number for by_number in named.values() for number in by_number]
        assert len(numbers) == len(set(numbers)), types
        dialects = {d for by_number in named.values() for ds in by_number.values() for d in ds}
        assert dialects <= set(DIALECTS), types


@pytest.mark.parametrize("number", sorted(_BVLC_OWNERS))
def test_owners_of_young_bvlc_numbers_keep_them(number: int) -> None:
    for layer_type in _BVLC_OWNERS[number]:
        assert number not in renumbering(layer_type)
    assert renumbering("Convolution")[number] == UNREAD


def test_nvcaffe_types_of_arithmetic_are_no_bvlc_parameters() -> None:
    """forward_type, backward_type and forward_math are enums at BVLC's 145, 146 and 147."""
    raw = LayerParameter(name="c", type="Convolution").SerializeToString()
    raw += b"".join(varint(n << 3) + b"\x02" for n in (145, 146, 147))
    unknown = LayerParameter.FromString(renumbered(raw))
    known = LayerParameter.FromString(renumbered(raw, "nvcaffe"))
    assert [field.name for field, _ in unknown.ListFields()] == ["name", "type"]
    assert (known.forward_type, known.backward_type, known.forward_math) == (2, 2, 2)


def test_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dialect 'cafe'; known are caffe-windows"):
        renumbering("Interp", "cafe")
