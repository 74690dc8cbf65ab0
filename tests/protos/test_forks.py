"""What forks have, against the recorded lists of their fields and types."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from protos import DIALECTS, messages
from protos.dialects import _FIELDS, dialects_with_number, dialects_with_scalar
from protos.forks import REPOSITORIES, _fields, _types, described, forks_with_field, forks_with_type
from protos.guess import Guess, guess_dialect
from protos.messages import NetParameter

if TYPE_CHECKING:
    from pathlib import Path


def names(message: object) -> set[tuple[str, str]]:
    """Every field and enum value of a message, with the place where an error names it."""
    full = message.full_name.removeprefix("caffe.")
    found = {(full, field.name) for field in message.fields}
    for enum in message.enum_types:
        found |= {(f"{full}.{enum.name}", value.name) for value in enum.values}
    for nested in message.nested_types:
        found |= names(nested)
    return found


def ours() -> set[tuple[str, str]]:
    file = messages.DESCRIPTOR
    found = {(e.name, v.name) for e in file.enum_types_by_name.values() for v in e.values}
    return found.union(*(names(message) for message in file.message_types_by_name.values()))


def test_table_has_what_the_schema_lacks_and_nothing_else() -> None:
    known = ours()
    places = {place for place, _ in known}
    assert not known & _fields().keys()
    assert {place for place, _ in _fields()} <= places


def test_every_recorded_field_of_a_fork_is_in_the_schema_or_named(shared: Path) -> None:
    with (shared / "schema" / "forks.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    known = ours()
    places = {place for place, _ in known}
    wanted = [
        row
        for row in rows
        if (row["message"] == "LayerParameter" or "Parameter" in row["message"])
        and row["message"] in places
        and (row["message"], row["name"]) not in known
    ]
    assert len(wanted) > 60
    for row in wanted:
        assert row["fork"].split()[0] in forks_with_field(row["message"], row["name"]), row


def test_every_recorded_fork_type_is_named(shared: Path) -> None:
    cases = json.loads((shared / "goldens" / "index.json").read_text())["cases"]
    bvlc = {kind for case in cases if case["group"] == "layers" for kind in case["layer_types"]}
    fork = {kind for case in cases if case["group"] == "forks" for kind in case["layer_types"]}
    assert not any(forks_with_type(kind) for kind in bvlc)
    assert all(forks_with_type(kind) for kind in fork - bvlc)


def test_every_fork_has_a_repository() -> None:
    named = {fork for forks in (*_types().values(), *_fields().values()) for fork in forks}
    assert named <= REPOSITORIES.keys()
    assert set(DIALECTS) <= REPOSITORIES.keys()


def test_types_and_numbers_agree() -> None:
    """A fork that has a number for a type's parameter has the type."""
    for types, fields in _FIELDS.items():
        with_number = {
            fork for numbers in fields.values() for forks in numbers.values() for fork in forks
        }
        for kind in types:
            if forks_with_type(kind) and kind != "VideoData":  # MobileNet-YOLO kept the field alone
                assert with_number <= set(forks_with_type(kind)), kind


@pytest.mark.parametrize(
    ("forks", "words"),
    [
        (("intel",), "intel (intel/caffe)"),
        (("intel", "ssd"), "intel (intel/caffe) and ssd (weiliu89/caffe, branch ssd)"),
        (
            ("enet", "intel", "yjxiong"),
            "enet (TimoSaemann/caffe-enet), intel (intel/caffe) and yjxiong (yjxiong/caffe)",
        ),
    ],
)
def test_forks_are_described(forks: tuple[str, ...], words: str) -> None:
    assert described(forks) == words


def test_numbers_are_looked_up_by_type() -> None:
    assert dialects_with_number("Upsample", 150) == ("mobilenet-yolo",)
    assert dialects_with_number("Correlation", 150) == ("flownet2", "synopsys")
    assert dialects_with_number("Upsample", 149) == ()
    assert dialects_with_number("Convolution", 150) is None
    assert dialects_with_scalar(146) == ("nvcaffe",)
    assert dialects_with_scalar(106) == ()


def stored(*layers: tuple[str, str, bytes]) -> bytes:
    """A net of layers with these names, types and further bytes."""
    net = b""
    for name, kind, more in layers:
        body = (
            NetParameter(layer=[{"name": name, "type": kind}]).layer[0].SerializeToString() + more
        )
        net += b"\xa2\x06" + bytes([len(body)]) + body
    return net


FIELD_137, FIELD_149 = b"\xca\x08\x00", b"\xaa\x09\x00"  # empty messages


def test_guess_takes_what_all_layers_allow() -> None:
    both = stored(("b", "BN", b""), ("u", "Upsample", FIELD_137))
    reasons = (
        "layer 'b' is of type BN",
        "layer 'u' is of type Upsample",
        "layer 'u' (Upsample) has field 137",
    )
    assert guess_dialect(both) == Guess("segnet", " and ".join(reasons))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        stored(("c", "Convolution", b"")),
        stored(("u", "Upsample", b"")),  # several forks have it
        stored(("u", "Upsample", FIELD_149)),  # a fork without a name here
        stored(("u", "Upsample", FIELD_137), ("f", "Flip", b"")),  # two forks contradict each other
        stored(("u", "Upsample", FIELD_137))[:-1] + b"\x05",  # damaged
    ],
)
def test_nothing_is_guessed(data: bytes) -> None:
    assert guess_dialect(data) is None
