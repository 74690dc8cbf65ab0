"""Recipes as TOML: read, checked, overridden from the command line, and written resolved.

Every key is one of a dataclass in `recipe.py`; another is refused by name with those allowed, as are values of another
type or out of range.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from converter.errors import FileFormatError, InvalidNetError, context

from ..networks.architectures import check_options
from .recipe import Recipe

FOLDER = Path(__file__).parents[1] / "recipes"

Table = dict[str, Any]


def recipe_names() -> tuple[str, ...]:
    """Return the recipes that are shipped."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Return a shipped recipe by its name, or one in a TOML file, with `KEY=VALUE` overrides applied in order.

    Raises:
        FileFormatError: there is no such recipe, or the file is no TOML.
        InvalidNetError: an unknown key, a value of another type or out of range; the allowed ones are named.
    """
    path = FOLDER / f"{name}.toml" if str(name) in recipe_names() else Path(name)
    if not path.is_file():
        raise FileFormatError(
            f"{name}: is no recipe file and no shipped recipe; those are {', '.join(recipe_names())}"
        )
    with context(str(name)):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileFormatError(f"is no TOML ({error})") from error
        return overridden(read_recipe(table), overrides)


def read_recipe(table: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a parsed TOML file."""
    recipe = cast("Recipe", _read(Recipe, table, ()))
    with context("model.options"):
        check_options(recipe.model.architecture, recipe.model.options)
    return recipe


def overridden(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """Return the recipe with `optimizer.lr=1e-4` and the like; a value is TOML, or text where it is not."""
    table = to_table(recipe)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise InvalidNetError(f"{override!r} is not KEY=VALUE, such as optimizer.lr=1e-4")
        _put(table, key.strip().split("."), _value(text.strip()))
    return read_recipe(table)


def _put(table: Table, keys: Sequence[str], value: object) -> None:
    *sections, last = keys
    for section in sections:
        inner = table.setdefault(section, {})
        if not isinstance(inner, dict):
            raise InvalidNetError(f"{'.'.join(keys)}: {section!r} is a value, not a section")
        table = inner
    table[last] = value


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _read(cls: type[Any], table: Mapping[str, Any], path: tuple[str, ...]) -> object:
    """Return a dataclass of a table whose keys and types are checked."""
    hints, known = get_type_hints(cls), {field.name: field for field in fields(cls)}
    values = {}
    for key, value in table.items():
        place = ".".join((*path, key))
        if key not in known:
            raise InvalidNetError(f"{place!r} is not known; known here: {', '.join(known)}")
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise InvalidNetError(f"{place!r} is {value!r}; it must be a section [{place}]")
            values[key] = _read(cast("type[Any]", hints[key]), value, (*path, key))
            continue
        values[key] = _checked(place, value, hints[key], known[key].metadata)
    return cls(**values)


def _checked(place: str, value: Any, wanted: Any, bounds: Mapping[str, float]) -> object:
    """Return a value in the wanted type; an integer will do for a float, a list becomes a tuple."""
    if get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            allowed = ", ".join(map(repr, get_args(wanted)))
            raise InvalidNetError(f"{place!r} is {value!r}; it may be {allowed}")
        return value
    if get_origin(wanted) is tuple and isinstance(value, list | tuple):
        inner = get_args(wanted)[0]
        return tuple(_checked(place, each, inner, bounds) for each in value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    kind = Mapping if get_origin(wanted) is Mapping else get_origin(wanted) or wanted
    if not isinstance(value, kind) or (isinstance(value, bool) and wanted is not bool):
        raise InvalidNetError(f"{place!r} is {value!r}; it must be {_NAMES[kind]}")
    if isinstance(value, int | float) and bounds:
        _check_bounds(place, value, bounds)
    return dict(value) if isinstance(value, Mapping) else value


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    tuple: "a list",
    Mapping: "a section",
}


def _check_bounds(place: str, value: float, bounds: Mapping[str, float]) -> None:
    least, most = bounds["least"], bounds["most"]
    if not (math.isfinite(value) and least <= value <= most):
        upto = f" and at most {most:g}" if math.isfinite(most) else ""
        raise InvalidNetError(f"{place!r} is {value}; it must be at least {least:g}{upto}")


def to_table(recipe: object) -> Table:
    """Return nested dictionaries of plain values, as TOML has them."""
    return {
        field.name: _plain(getattr(recipe, field.name))
        for field in fields(recipe)  # type: ignore[arg-type]  # any of the dataclasses of recipe.py
    }


def _plain(value: object) -> object:
    if is_dataclass(value):
        return to_table(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def to_toml(recipe: Recipe) -> str:
    """Return the recipe with every value written out."""
    return "\n".join(_lines(to_table(recipe), ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[str]:
    """Yield a section's own values first, then the sections inside it."""
    yield from (
        f"{key} = {_text(value)}" for key, value in table.items() if not isinstance(value, dict)
    )
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ("", f"[{'.'.join((*path, key))}]")
            yield from _lines(value, (*path, key))


def _text(value: object) -> str:
    """Return a value as TOML: JSON's spelling is TOML's for texts, numbers, booleans and lists."""
    return json.dumps(value, ensure_ascii=False)


def differences(ours: Recipe, theirs: Recipe) -> dict[str, tuple[object, object]]:
    """Return {key: (ours, theirs)} of every value in which two recipes differ."""
    one, other = _flat(to_table(ours), ()), _flat(to_table(theirs), ())
    keys = sorted(one.keys() | other.keys())
    return {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def _flat(table: Mapping[str, Any], path: tuple[str, ...]) -> Table:
    found: Table = {}
    for key, value in table.items():
        place = (*path, key)
        found |= _flat(value, place) if isinstance(value, dict) else {".".join(place): value}
    return found
