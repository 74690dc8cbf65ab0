"""Parsed JSON → dataclasses by their annotations, so that a page works with the types that wrote the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from converter.errors import FileFormatError

Names: TypeAlias = "tuple[tuple[str, Any], ...]"
"""Classes that annotations name and their modules import for the type checker alone."""

UNUSUAL = MappingProxyType({"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")})
PLAIN = MappingProxyType({str: "a string", bool: "true or false", int: "a whole number"})


def decode(kind: Any, value: object, place: str, names: Names = ()) -> Any:
    """Return `value` as a `kind`: a dataclass, tuple, mapping, Literal, optional, or a plain value.

    Numbers may be the strings "nan", "inf" and "-inf". Keys that a dataclass does not have are passed over.

    Raises:
        FileFormatError: something is missing or of another type; the message says where.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass(kind, value, place, names)
    if origin in {Union, UnionType}:
        (wanted,) = (one for one in inner if one is not NoneType)
        return None if value is None else decode(wanted, value, place, names)
    if origin is tuple:
        return _tuple(inner[0], value, place, names)
    if origin is Literal:
        return _literal(inner, value, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(inner[1], value, place, names)
    return _plain(kind, value, place)


def _dataclass(kind: Any, value: object, place: str, names: Names) -> object:
    if not isinstance(value, Mapping):
        raise _wrong(value, place, "an object")
    hints = _hints(kind, names)
    found = {}
    for field in fields(kind):
        if field.name in value:
            inside = f"{place}.{field.name}" if place else field.name
            found[field.name] = decode(hints[field.name], value[field.name], inside, names)
        elif field.default is MISSING and field.default_factory is MISSING:
            where = f"{place} lacks" if place else "lacks"
            raise FileFormatError(f"{where} {field.name!r}; write the file again with this version")
    return kind(**found)


@cache
def _hints(kind: Any, names: Names) -> Mapping[str, Any]:
    return get_type_hints(kind, localns=dict(names))


def _tuple(inner: Any, value: object, place: str, names: Names) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(value, place, "a list")
    if inner is float and all(type(one) is float for one in value):
        return tuple(value)  # scores of ten thousand images
    return tuple(decode(inner, one, f"{place}[{at}]", names) for at, one in enumerate(value))


def _mapping(inner: Any, value: object, place: str, names: Names) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, place, "an object")
    return {key: decode(inner, one, f"{place}.{key}", names) for key, one in value.items()}


def _literal(allowed: tuple[Any, ...], value: object, place: str) -> object:
    if value not in allowed:
        raise _wrong(value, place, " or ".join(map(repr, allowed)))
    return value


def _plain(kind: Any, value: object, place: str) -> object:
    if kind is float:
        return _float(value, place)
    if kind in PLAIN and type(value) is not kind:
        raise _wrong(value, place, PLAIN[kind])
    return value


def _float(value: object, place: str) -> float:
    if isinstance(value, str) and value in UNUSUAL:
        return UNUSUAL[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(value, place, "a number")
    return float(value)


def _wrong(value: object, place: str, wanted: str) -> FileFormatError:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    return FileFormatError(f"{place or 'the file'} is {shown}, wanted {wanted}")
