"""The schema against the recorded lists of BVLC Caffe's and the forks' fields."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from protos import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, str]

SCALARS = {
    1: "double",
    2: "float",
    3: "int64",
    5: "int32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
}
PRIVATE = range(100000, 100200)
FORK_FIELDS_AT_THEIR_NUMBERS = {"raw_data_type", "raw_diff_type", "raw_data", "raw_diff"}
MESSAGES_OF_TWO_FORKS = ("BNParameter",)


def described() -> dict[tuple[str, str], Row]:
    """Every field and enum value of the schema, in the form of the recorded lists."""
    file = messages.DESCRIPTOR
    rows = [row for message in file.message_types_by_name.values() for row in message_rows(message)]
    rows += [row for enum in file.enum_types_by_name.values() for row in enum_rows(enum)]
    return {(row["message"], row["name"]): row for row in rows}


def message_rows(message: Any) -> Iterator[Row]:
    whole = DescriptorProto()
    message.CopyToProto(whole)
    for field, proto in zip(message.fields, whole.field, strict=True):
        yield {
            "message": full_name(message),
            "number": str(field.number),
            "name": field.name,
            "label": FieldDescriptorProto.Label.Name(proto.label).removeprefix("LABEL_").lower(),
            "type": field_type(field),
            "default": default(field),
            "packed": "packed" if proto.options.packed else "",
        }
    for enum in message.enum_types:
        yield from enum_rows(enum)
    for nested in message.nested_types:
        yield from message_rows(nested)


def enum_rows(enum: Any) -> Iterator[Row]:
    for value in enum.values:
        row = {"message": full_name(enum), "number": str(value.number), "name": value.name}
        yield row | {"label": "enum", "type": "", "default": "", "packed": ""}


def full_name(descriptor: Any) -> str:
    return descriptor.full_name.removeprefix("caffe.")


def field_type(field: Any) -> str:
    named = field.message_type or field.enum_type
    return full_name(named) if named else SCALARS[field.type]


def default(field: Any) -> str:
    if not field.has_default_value:
        return ""
    if field.enum_type:
        return field.enum_type.values_by_number[field.default_value].name
    if isinstance(field.default_value, bool):
        return str(field.default_value).lower()
    if isinstance(field.default_value, float):
        return f"{field.default_value:.7g}"
    return str(field.default_value)


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_schema_is_bvlc_caffe(shared: Path) -> None:
    wanted = {(row["message"], row["name"]): row for row in rows_of(shared / "schema" / "bvlc.tsv")}
    ours = described()
    assert {key: ours.get(key) for key in wanted} == wanted


def test_fields_beyond_bvlc_have_private_numbers(shared: Path) -> None:
    bvlc = rows_of(shared / "schema" / "bvlc.tsv")
    names = {(row["message"], row["name"]) for row in bvlc}
    own_messages = {row["message"] for row in bvlc}
    added = [
        row
        for key, row in described().items()
        if key not in names and row["label"] != "enum" and row["message"] in own_messages
    ]
    strays = {row["name"] for row in added if int(row["number"]) not in PRIVATE}
    assert added
    assert strays == FORK_FIELDS_AT_THEIR_NUMBERS


def test_private_numbers_of_layers_are_a_block_of_their_own() -> None:
    layer = [row for key, row in described().items() if key[0] == "LayerParameter"]
    private = sorted(int(row["number"]) for row in layer if int(row["number"]) >= 1000)
    assert private[0] == 100000
    assert private[-1] < 100099  # which is reserved: protos.dialects.UNREAD


def test_fork_fields_are_as_in_their_forks(shared: Path) -> None:
    """Name, label, type and default of every fork field that the schema took over."""
    forks: dict[tuple[str, str], list[Row]] = {}
    for row in rows_of(shared / "schema" / "forks.tsv"):
        forks.setdefault((row["message"], row["name"]), []).append(row)
    columns = ("label", "type", "default")
    ours = described()
    shared_keys = [key for key in forks if key in ours]
    wrong = {
        key: ours[key]
        for key in shared_keys
        if all(any(ours[key][c] != row[c] for c in columns) for row in forks[key])
    }
    assert len(shared_keys) > 250
    assert wrong == {}


def test_messages_of_forks_alone_keep_their_numbers(shared: Path) -> None:
    bvlc = {row["message"] for row in rows_of(shared / "schema" / "bvlc.tsv")}
    forks: dict[tuple[str, str], set[str]] = {}
    for row in rows_of(shared / "schema" / "forks.tsv"):
        if row["message"] not in bvlc and row["message"] not in MESSAGES_OF_TWO_FORKS:
            forks.setdefault((row["message"], row["name"]), set()).add(row["number"])
    ours = described()
    assert {key: ours[key]["number"] for key in forks if key in ours} == {
        key: number for key, numbers in forks.items() if key in ours for number in numbers
    }


@pytest.mark.parametrize("name", ["raw_data_type", "raw_diff_type", "raw_data", "raw_diff"])
def test_half_precision_fields_have_nvcaffes_numbers(name: str) -> None:
    order = ["raw_data_type", "raw_diff_type", "raw_data", "raw_diff"]
    assert described()["BlobProto", name]["number"] == str(10 + order.index(name))
