"""The images on which scores are farthest apart. A picture is shown only where it is a JPEG inside the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..figures.numbers import fixed, short
from .markup import Markup, join, tag
from .parts import facts

if TYPE_CHECKING:
    from ..scores.table import ScoreTable, Thumb

JPEG = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+")


def worst(found: ScoreTable) -> Markup | None:
    """Return the images on which port and original, or port and truth, are farthest apart."""
    if not found.worst:
        return None
    heading = tag("h3", "Images with the largest differences")
    return join(heading, tag("ul", *map(_thumb, found.worst), class_="thumbs"))


def _thumb(thumb: Thumb) -> Markup:
    values = [("truth", thumb.truth), ("original", thumb.original), ("port", thumb.port)]
    picture = (
        tag("img", src=thumb.picture, alt=thumb.name)
        if JPEG.fullmatch(thumb.picture)
        else tag("p", "no picture", class_="quiet")
    )
    known = [(name, fixed(value, 4)) for name, value in values if value is not None]
    if thumb.port is not None and thumb.original is not None:
        known.append(("port − original", short(thumb.port - thumb.original)))
    return tag("li", picture, tag("p", thumb.name, class_="name"), facts(known))
