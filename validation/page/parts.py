"""Parts that pages of both kinds have: sections, figures, verdicts, badges, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..figures.drawing import Drawing
from .markup import Child, Markup, join, tag

if TYPE_CHECKING:
    from memnet.statistics import Interval

from ..figures.numbers import fixed, short

SHAPES: Mapping[str, str] = {
    "passed": "M5 12.5l4.5 4.5L19 7.5",
    "failed": "M7 7l10 10M17 7L7 17",
    "incomplete": "M6 12h12",
}
"""A tick, a cross and a bar: a verdict shows without colour."""

WORDS: Mapping[bool | None, str] = {True: "passed", False: "failed", None: "not run"}


def section(name: str, title: str, *children: Child, level: int = 2) -> Markup:
    """Return a section with a heading that a link can name."""
    heading = tag(f"h{level}", title, id=f"{name}-heading")
    return tag("section", heading, *children, id=name, aria_labelledby=f"{name}-heading")


def figure(drawing: Drawing) -> Markup:
    """Return a figure with its title above and what it shows below."""
    return tag(
        "figure",
        tag("p", drawing.title, class_="title"),
        Markup(drawing.svg),
        tag("figcaption", drawing.finding),
        id=f"figure-{drawing.name}",
    )


def figures(*drawings: Drawing) -> Markup | None:
    """Return figures side by side where there is room."""
    return tag("div", *map(figure, drawings), class_="figures") if drawings else None


def shape(kind: str) -> Markup:
    """Return the mark of a verdict; the word stands beside it."""
    return tag("svg", tag("use", href=f"#shape-{kind}"), class_="shape", aria_hidden="true")


def shapes() -> Markup:
    """Return the marks themselves, which a page holds once."""
    marks = [
        tag("symbol", tag("path", d=drawn), id=f"shape-{kind}", viewBox="0 0 24 24")
        for kind, drawn in SHAPES.items()
    ]
    return tag("svg", *marks, width="0", height="0", class_="unseen", aria_hidden="true")


def mark(passed: bool | None) -> Markup:
    """Return shape and word of one check."""
    kind = "incomplete" if passed is None else "passed" if passed else "failed"
    return tag("span", shape(kind), WORDS[passed], class_=f"mark {kind}")


def prose(words: str) -> Markup:
    """Return a sentence in which what stands between backticks is code."""
    pieces = words.split("`")
    if len(pieces) % 2 == 0:
        return join(words)
    return join(*(tag("code", one) if at % 2 else one for at, one in enumerate(pieces)))


def badge(words: str) -> Markup:
    """Return a label that cannot be overlooked."""
    return tag("strong", words, class_="badge")


def bullets(items: Sequence[Child]) -> Markup | None:
    """Return a list; nothing for no items."""
    return tag("ul", *(tag("li", item) for item in items)) if items else None


def facts(pairs: Sequence[tuple[str, Child]], kind: str = "facts") -> Markup:
    """Return names and values."""
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_=kind
    )


def within(value: float | None, interval: Interval | None) -> Child:
    """Return `0.640 [0.628, 0.652]`."""
    if interval is None:
        return fixed(value)
    return join(fixed(value), " ", tag("span", between(interval), class_="interval"))


def between(interval: Interval | None) -> str:
    """Return `[0.628, 0.652]`, or `[−1.2×10⁻⁷, 3×10⁻⁸]` where three decimals would say nothing."""
    if interval is None:
        return fixed(None)
    small = max(abs(interval.low), abs(interval.high)) < 0.01
    low, high = ((short(end, 2) if small else fixed(end)) for end in (interval.low, interval.high))
    return f"[{low}, {high}]"
