"""Whose fork wrote a binary net, as far as its layers tell.

Three things speak: a layer type that only some forks have, the number of a parameter of a fork's layer, and scalars
that a fork put on layers of every type. Each names the forks that it allows; what all of them allow is the answer, if
it is one. A guess therefore never reads a number as a fork's that has it elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .dialects import DIALECTS, dialects_with_number, dialects_with_scalar
from .forks import forks_with_type
from .tags import LENGTH, VARINT, WireError, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tags import Buffer, Field

__all__ = ["Guess", "guess_dialect"]

_LAYER, _NAME, _TYPE = 100, 1, 2  # of NetParameter; of LayerParameter


class Guess(NamedTuple):
    """A dialect, and the things in the file that, one after another, excluded the others."""

    dialect: str
    reason: str


class _Evidence(NamedTuple):
    reason: str
    allowed: frozenset[str]


def guess_dialect(buffer: Buffer) -> Guess | None:
    """The one fork that everything in a binary net agrees with; None if none or several do, or nothing speaks."""
    left, reasons = frozenset(DIALECTS), list[str]()
    try:
        for evidence in _evidence(buffer):
            if not left <= evidence.allowed:
                reasons.append(evidence.reason)
                left &= evidence.allowed
    except WireError:  # said where the file is read
        return None
    if len(left) != 1:
        return None
    (dialect,) = left
    return Guess(dialect, " and ".join(reasons))


def _evidence(buffer: Buffer) -> Iterator[_Evidence]:
    with memoryview(buffer) as view:
        for entry in fields(view):
            if (entry.number, entry.wire_type) == (_LAYER, LENGTH):
                yield from _of_layer(view, list(fields(view, entry.start, entry.end)))


def _of_layer(view: memoryview, parts: list[Field]) -> Iterator[_Evidence]:
    layer = f"layer {_string(view, parts, _NAME)!r}"
    layer_type = _string(view, parts, _TYPE)
    forks = forks_with_type(layer_type)
    # Where a fork without numbers of its own has the type, too, it may have written the file.
    if forks and set(forks) <= set(DIALECTS):
        yield _Evidence(f"{layer} is of type {layer_type}", frozenset(forks))
    for part in parts:
        dialects = None
        if part.wire_type == LENGTH:
            dialects = dialects_with_number(layer_type, part.number)
        elif part.wire_type == VARINT:
            dialects = dialects_with_scalar(part.number) or None
        if dialects is not None:
            reason = f"{layer} ({layer_type}) has field {part.number}"
            yield _Evidence(reason, frozenset(dialects))


def _string(view: memoryview, parts: list[Field], number: int) -> str:
    value = ""
    for part in parts:
        if (part.number, part.wire_type) == (number, LENGTH):
            value = bytes(view[part.start : part.end]).decode("utf-8", "replace")
    return value
