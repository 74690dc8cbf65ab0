"""`read_net`: a net definition as it stands in a file, text or binary, of any age; not upgraded.

Of a binary file only the skeleton is parsed (see `protos.wire`). A text is UTF-8, with or without a
byte order mark; bytes that are not UTF-8 are passed over in comments and refused elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from protos import NetParameter
from protos.wire import WireError, split_net

from ..errors import FileFormatError, InvalidNetError, context
from .kinds import Kind
from .sniff import describe, identify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

__all__ = ["is_binary", "parse_net", "read_net"]

_LARGEST_TEXT = 16 << 20  # bytes; the longest published nets have about one million

_COMMENT = re.compile(r"""\#[^\n]*|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def is_binary(path: str | Path) -> bool:
    """Whether a file is a binary net, by content."""
    return identify(path) is Kind.BINARY_NET


def read_net(path: str | Path, dialect: str | None = None) -> NetParameter:
    """The net in a prototxt, or inside a `.caffemodel` (without its weights), as it stands there.

    `dialect` names the fork whose field numbers a binary file uses; in a text, names tell.

    Raises:
        FileFormatError: not a net; the message says what the file is instead.
        InvalidNetError: a text that does not parse, with line, column and layer.
    """
    path = Path(path)
    with context(str(path)):
        kind = identify(path)
        if kind is Kind.BINARY_NET:
            return _of_binary(path, dialect)
        if kind is Kind.TEXT_NET:
            return parse_net(_text(path))
        if kind is Kind.HDF5_WEIGHTS:
            raise FileFormatError("holds weights but no net, as HDF5 does; give the prototxt, too")
        raise FileFormatError(f"holds no net: it is {describe(kind, path)}")


def parse_net(text: str) -> NetParameter:
    """The net that a text defines. Raises InvalidNetError with line, column and layer."""
    from google.protobuf import text_format

    _check_encoding(text)
    net = NetParameter()
    try:
        text_format.Parse(text, net)
    except text_format.ParseError as error:
        from .text_error import explained

        raise explained(error, text) from error
    return _complete(net)


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > _LARGEST_TEXT:
        raise FileFormatError(f"is a text of {size} bytes; nets up to {_LARGEST_TEXT} are read")
    return path.read_bytes().decode("utf-8-sig", "surrogateescape")


def _of_binary(path: Path, dialect: str | None) -> NetParameter:
    from google.protobuf.message import DecodeError

    from .stored import map_file

    try:
        skeleton, _ = split_net(map_file(path).data, dialect)
        net = NetParameter()
        net.MergeFromString(skeleton)
    except (WireError, DecodeError) as error:
        raise FileFormatError(f"is damaged or cut short: {error}") from error
    for place, value in _raw_strings(net):
        raise FileFormatError(f"{place} is not UTF-8: {value!r}")
    return _complete(net)


def _complete(net: NetParameter) -> NetParameter:
    """The net, if all required fields are there."""
    missing: list[str] = net.FindInitializationErrors()  # type: ignore[attr-defined]
    if missing:
        named = ", ".join(_with_layer_name(net, field) for field in missing)
        raise InvalidNetError(f"required fields are missing: {named}")
    return net


def _with_layer_name(net: NetParameter, field: str) -> str:
    """`layer[1].clip_param.max` → `clip_param.max in layer 'clip'`."""
    found = re.fullmatch(r"(layers?)\[(\d+)\]\.(.+)", field)
    if not found:
        return field
    layer = getattr(net, found[1])[int(found[2])]
    return f"{found[3]} in layer {layer.name!r}"


def _check_encoding(text: str) -> None:
    if not _NOT_UTF8.search(text):
        return
    bare = _COMMENT.sub(lambda found: found[1] or " " * len(found[0]), text)
    stray = _NOT_UTF8.search(bare)
    if stray:
        before = text[: stray.start()]
        line, column = before.count("\n") + 1, stray.start() - before.rfind("\n")
        raise InvalidNetError(
            f"line {line}, column {column}: byte 0x{ord(stray[0]) - 0xDC00:02X} is not UTF-8, "
            "which only comments may hold; save the file as UTF-8"
        )


def _raw_strings(message: Message, place: str = "") -> Iterator[tuple[str, bytes]]:
    """The string fields that protobuf could not decode and gives as bytes."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for index, item in enumerate(values):
            here = f"{place}{field.name}" + (f"[{index}]" if field.is_repeated else "")
            if field.message_type is not None:
                yield from _raw_strings(item, f"{here}.")
            elif field.type == field.TYPE_STRING and isinstance(item, bytes):
                yield here, item
