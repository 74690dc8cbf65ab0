"""What a binary protobuf message is, from the tags of its first fields.

No message says what it is; but the field numbers and wire types of those that come here differ.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from protos.tags import FIXED32, FIXED64, LENGTH, VARINT, WireError, fields

from .kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from protos.tags import Buffer

__all__ = ["learned_net", "message_kind"]

_FIELDS = 64  # how many fields of a message are looked at
_BEGINNING = 256  # bytes of a field that are looked at


class _Message(NamedTuple):
    """The first fields of a message: their (number, wire type), and how two of them begin."""

    seen: frozenset[tuple[int, int]]
    first: bytes  # the beginning of field 1, where that has a length
    second: bytes  # and of field 2

    def has(self, number: int, *wire_types: int) -> bool:
        return any((number, wire_type) in self.seen for wire_type in wire_types or (LENGTH,))

    def only(self, allowed: frozenset[tuple[int, int]]) -> bool:
        return self.seen <= allowed


_DATA = frozenset({(5, LENGTH), (5, FIXED32), (8, LENGTH), (8, FIXED64), (12, LENGTH)})
_BLOB = _DATA | {
    (1, VARINT),
    (2, VARINT),
    (3, VARINT),
    (4, VARINT),
    (6, LENGTH),
    (6, FIXED32),
    (7, LENGTH),
    (9, LENGTH),
    (9, FIXED64),
    (10, VARINT),
    (11, VARINT),
    (13, LENGTH),
}
_STATE = frozenset({(1, VARINT), (2, LENGTH), (3, LENGTH), (4, VARINT)})


def message_kind(buffer: Buffer) -> Kind | None:
    """The kind of a message; None if it is none that is known. Reads tags alone."""
    message = _message(buffer)
    return next((kind for kind, fits in _MESSAGES if fits(message)), None)


def _message(buffer: Buffer) -> _Message:
    """The first fields; of a damaged message, those before the damage and the one cut by it."""
    seen, contents = set(), {1: b"", 2: b""}
    try:
        for field in islice(fields(buffer), _FIELDS):
            seen.add((field.number, field.wire_type))
            if field.wire_type == LENGTH and not contents.get(field.number, b"x"):
                contents[field.number] = bytes(
                    buffer[field.start : min(field.end, field.start + _BEGINNING)]
                )
    except WireError as error:
        if error.number:
            seen.add((error.number, LENGTH))
    return _Message(frozenset(seen), contents[1], contents[2])


def _is_net(message: _Message) -> bool:
    """Layers, and no field that a net has with another wire type."""
    layers = message.has(100) or (message.has(2) and not message.has(1, VARINT))
    return layers and not message.has(1, VARINT, FIXED32, FIXED64) and not _is_graph(message)


def _is_blob(message: _Message) -> bool:
    return bool(message.seen & _DATA) and message.only(_BLOB)


def _is_state(message: _Message) -> bool:
    named = not message.second or (message.second.isascii() and message.second[:1].isalnum())
    history = message.has(3) or message.has(2)
    return message.has(1, VARINT) and history and named and message.only(_STATE)


def _is_onnx(message: _Message) -> bool:
    return message.has(1, VARINT) and message.has(7) and not message.has(2, VARINT)


def _is_graph(message: _Message) -> bool:
    """TensorFlow: nodes that begin with their name, or a saved model around such a graph."""
    node = message.first[:1] == b"\n" and not message.has(100)
    saved = message.has(1, VARINT) and message.second[:1] in (b"\n", b"\x12")
    return node or saved


_MESSAGES: tuple[tuple[Kind, Callable[[_Message], bool]], ...] = (
    (Kind.BINARY_NET, _is_net),
    (Kind.BINARY_MEAN, _is_blob),
    (Kind.ONNX, _is_onnx),
    (Kind.SOLVER_STATE, _is_state),
    (Kind.TENSORFLOW, _is_graph),
)


def learned_net(buffer: Buffer) -> str:
    """The name of the weights file that a SolverState belongs to; "" if it names none."""
    return _message(buffer).second.decode("utf-8", "replace")
