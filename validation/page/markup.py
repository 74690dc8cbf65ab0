"""HTML by functions: a string is text and is escaped; only `tag` and `Markup` make markup."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

VOID = frozenset({"br", "col", "img", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | int | None
"""None is nothing: `tag("p", note or None)`."""


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return an element: `tag("td", "<b>", class_="name")` is `<td class="name">&lt;b&gt;</td>`.

    A trailing underscore of an attribute is dropped, others are hyphens. True stands alone; False and None are left
    out.
    """
    pairs = [
        _attribute(key, value)
        for key, value in attributes.items()
        if value is not None and value is not False  # 0 is a value
    ]
    start = f"<{name}{''.join(pairs)}>"
    return Markup(start if name in VOID else f"{start}{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Return the children one after another."""
    return Markup("".join(_text(child) for child in children if child is not None))


def _text(child: str | int) -> str:
    return str(child) if isinstance(child, Markup) else escape(str(child))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
