"""What protobuf's text parser says of a prototxt, with the layer and what to do."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from protos.forks import described, forks_with_field
from protos.messages import DESCRIPTOR

from ..errors import InvalidNetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.text_format import ParseError

__all__ = ["explained"]

_TOKEN = re.compile(r"""\#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_]\w*|[{}<>]""")
_NAMED = frozenset({("layer",), ("layers",), ("layers", "layer")})

_FIELD = re.compile(r'Message type "caffe\.([\w.]+)" has no field named "(\w+)"')
_VALUE = re.compile(r'Enum type "caffe\.([\w.]+)" has no value named "?(\w+)"?')
_TWICE = re.compile(r'Message type "caffe\.([\w.]+)" should not have multiple "(\w+)"')


def explained(error: ParseError, text: str) -> InvalidNetError:
    """The parser's error with its layer and a next step."""
    line, column = error.GetLine() or 1, error.GetColumn() or 1
    layer = _layer_at(text, _offset(text, line, column))
    where = f"line {line}, column {column}" + (f", layer {layer!r}" if layer else "")
    return InvalidNetError(f"{where}: {_reason(_plain(str(error)))}")


def _offset(text: str, line: int, column: int) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + column - 1


def _plain(message: str) -> str:
    """The parser's message without position and without the line that it quotes."""
    return re.sub(r"^\d+:\d+ : (?:'.*': (?=[A-Z]))?", "", message, flags=re.DOTALL)


def _reason(message: str) -> str:
    if found := _FIELD.search(message):
        return _unknown_field(found[1], found[2])
    if found := _VALUE.search(message):
        return _unknown_value(found[1], found[2])
    if found := _TWICE.search(message):
        return f"{found[2]} of {found[1]} is given twice but can have one value; remove one"
    if message.startswith('Expected "}"'):
        return "a closing brace is missing"
    if message.startswith("Expected identifier"):
        return f"{message} Is there a brace or quote too many or too few before it?"
    return message


def _unknown_field(message: str, field: str) -> str:
    if field in ("layer", "layers"):
        return f"{field!r} inside of a {message}; the closing brace before it is missing"
    known = [known.name for known in DESCRIPTOR.message_types_by_name[message].fields]
    return (
        f"{message} has no field {field!r}; {_of_a_fork(message, field) or _choice(field, known)}"
    )


def _unknown_value(enum: str, value: str) -> str:
    fork = _of_a_fork(enum, value)
    if enum == "V1LayerParameter.LayerType":
        quoted = "a quoted type belongs in `layer`, without the s"
        return f"no type {value!r} in `layers`; {fork or quoted}"
    message, _, name = enum.rpartition(".")
    home = DESCRIPTOR.message_types_by_name[message] if message else DESCRIPTOR
    known = [known.name for known in home.enum_types_by_name[name].values]
    return f"{enum} has no value {value!r}; {fork or _choice(value, known)}"


def _of_a_fork(message: str, name: str) -> str:
    """Say which forks have a field or an enum value, and what to do; "" if none is known."""
    forks = forks_with_field(message, name)
    if not forks:
        return ""
    return (
        f"{described(forks)} {'has' if len(forks) == 1 else 'have'} it, and it is not converted; "
        f"remove it if the outputs do not depend on it"
    )


def _choice(wrong: str, known: list[str]) -> str:
    near = get_close_matches(wrong, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def _layer_at(text: str, offset: int) -> str:
    """The name of the layer around `offset`, or else of the last one before it; "" if none."""
    before = ""
    for start, end, name in _layer_blocks(text):
        if start <= offset <= end:
            return name
        if start > offset:
            break
        before = name
    return before


def _layer_blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Beginning, end and name of all blocks at the top; an unclosed one ends with the text."""
    path: list[str] = []
    word, start, name = "", 0, ""
    for token in _TOKEN.finditer(text):
        part = token[0]
        if part in ("{", "<"):
            if not path:
                start, name = token.start(), ""
            path.append(word)
        elif part in ("}", ">") and path:
            path.pop()
            if not path:
                yield start, token.end(), name
        elif part[0] in "\"'" and word == "name" and tuple(path) in _NAMED:
            name = part[1:-1]
        elif part[0] != "#":
            word = part
    if path:
        yield start, len(text), name
