"""What a binary net holds and nobody here reads: fields of forks that the schema lacks, or that no dialect explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.unknown_fields import UnknownFieldSet

from protos.dialects import UNREAD, dialects_with_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.message import Message

    from protos import LayerParameter

__all__ = ["unread_fields"]


def unread_fields(layers: Sequence[LayerParameter]) -> tuple[str, ...]:
    """Return a note of all fields that were not read and the layers that have them, if there are any."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        for field in dict.fromkeys(_unread(layer)):
            found.setdefault(f"{field} of {layer.type}", []).append(repr(layer.name))
    if not found:
        return ()
    listed = "; ".join(f"{what} ({_few(names)})" for what, names in found.items())
    return (
        f"fields that are not known were not read; if outputs depend on them, give the prototxt: {listed}",
    )


def _unread(message: Message, place: str = "") -> Iterator[str]:
    """Name the unknown fields of a message and of those in it, by number."""
    unknown = UnknownFieldSet(message)
    for number in (unknown[at].field_number for at in range(len(unknown))):
        if place or not _without_effect(number):
            yield f"{place}{number}"
    for field, value in message.ListFields():
        if field.message_type is not None:
            for item in value if field.is_repeated else [value]:
                yield from _unread(item, f"{place}{field.name}.")


def _without_effect(number: int) -> bool:
    """Whether a field of a layer cannot change its outputs: another type's parameter, or how a fork computes."""
    return number == UNREAD or bool(dialects_with_scalar(number))


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
