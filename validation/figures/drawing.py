"""matplotlib → SVG for a page: text stays text, colours become CSS variables, ids are the figure's own.

A figure is 360 units wide: on a phone a unit is about a pixel, so letters of 9.5 units can be read there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .palette import GRID, INK, MUTED, VARIABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 360
UNITS = 72
"""Units an inch, which is matplotlib's for SVG."""
LONGEST = 22
"""Characters of a name on an axis."""

STYLE = MappingProxyType(
    {
        "svg.fonttype": "none",
        "text.parse_math": False,  # a blob may be called $x$
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.labelsize": 9.5,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "text.color": INK,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "legend.handlelength": 1.6,
        "legend.columnspacing": 1.2,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
    }
)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure: a name unique on the page, a title, what it shows, and its SVG."""

    name: str
    title: str
    finding: str
    svg: str


@contextmanager
def canvas(height: float, width: float = WIDTH) -> Iterator[tuple[Figure, Axes]]:
    """Give a figure and its axes, in units; style and fonts are ours within."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    margin = 2 / UNITS
    with rc_context(dict(STYLE)), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's fonts will draw it
        engine = ConstrainedLayoutEngine(w_pad=margin, h_pad=margin)
        figure = Figure(figsize=(width / UNITS, height / UNITS), layout=engine)
        yield figure, figure.subplots()


def finish(figure: Figure, name: str, title: str, finding: str) -> Drawing:
    """Return the drawing; to be called within `canvas`."""
    from matplotlib import rc_context

    text = StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = _inline(text.getvalue(), name, title, finding)
    return Drawing(name=name, title=title, finding=finding, svg=svg)


def label(name: str, longest: int = LONGEST) -> str:
    """Return a name fit for an axis: one line, printable, its middle cut where it is long."""
    plain = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    if plain.startswith("_"):
        plain = f"\N{WORD JOINER}{plain}"  # matplotlib leaves what begins with _ out of a legend
    if len(plain) <= longest:
        return plain
    tail = longest // 3
    return f"{plain[: longest - tail - 1]}…{plain[-tail:]}"


def _inline(svg: str, name: str, title: str, finding: str) -> str:
    """Return the SVG as an element of an HTML page."""
    root = ET.fromstring(svg)  # noqa: S314 - matplotlib's own, made just above
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in {"metadata", "style"}:
                parent.remove(child)
    numbers = {one: str(at) for at, one in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        _adapt(element, name, numbers)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "aria-describedby": f"{name}-desc",
    }
    for place, (what, text) in enumerate((("title", title), ("desc", finding))):
        element = ET.Element(what, {"id": f"{name}-{what}"})
        element.text = text
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode")


def _adapt(element: ET.Element, name: str, numbers: Mapping[str, str]) -> None:
    """Drop namespaces and unused ids, make the used ids this figure's own, and name colours by their variables.

    matplotlib's ids are hashes of coordinates, whose last bits are not the same in every process.
    """
    element.tag = _local(element.tag)
    attributes = dict(element.attrib)
    element.attrib.clear()
    for key, value in attributes.items():
        if key != "id" or value in numbers:
            found = _value(_local(key), value, name, numbers)
            element.attrib |= {_local(key): found} if found else {}
    if element.tag != "text" and element.text and not element.text.strip():
        element.text = None
    element.tail = None


def _value(key: str, value: str, name: str, numbers: Mapping[str, str]) -> str:
    if key == "id":
        return f"{name}-{numbers[value]}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{numbers[value[1:]]}"
    if key == "style":
        value = re.sub(r"\s*font-family:[^;]*;?", "", value)  # the page's own
        return re.sub(r"#[0-9a-f]{6}", _variable, value)
    if key in {"d", "x", "y", "transform"}:
        value = re.sub(r"rotate\(-?0 [^)]*\)", "", value)
        return " ".join(re.sub(r"-?\d+\.\d+", _rounded, value).split())
    return re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{name}-{numbers[found[1]]})", value)


def _rounded(found: re.Match[str]) -> str:
    return f"{round(float(found.group()), 2) + 0.0:.9g}"


def _variable(found: re.Match[str]) -> str:
    name = VARIABLES.get(found.group())
    return f"var({name})" if name else found.group()


def _local(name: str) -> str:
    return name.rpartition("}")[2]
