"""Known mistakes: a layer computed in a wrong way that is in use, and recomputed so to see whether it is that.

A port's mistake is named only where the float64 reference, making the same mistake, gives what the port gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from converter.compare import relative_difference
from converter.errors import CaffeError
from converter.layers.dropout import Dropout
from converter.layers.inner_product import InnerProduct
from converter.layers.lrn import LRN
from converter.layers.pooling import Method, Pooling

from ..traces import Array
from .alone import Link, Stretch

ENOUGH = 1e-4
"""Relative difference at which a mistake is taken for the port's: ten times what two float32 may be apart."""
EXPLAINED = 0.1
"""Share of a difference that a mistake may leave unexplained."""


def diagnose(stretch: Stretch) -> str:
    """Return what the port computes instead, or "" where it is nothing that is known here."""
    for said, made in _outcomes(stretch):
        if _is(stretch, made):
            return said
    return _regrouped(stretch) or _scaled(stretch) or _dropping(stretch)


def _is(stretch: Stretch, made: Array) -> bool:
    """Whether the port gives this, and it is not what Caffe gives as well, but for rounding."""
    left = relative_difference(stretch.found, made)
    return left <= ENOUGH and left <= stretch.difference * EXPLAINED


def _outcomes(stretch: Stretch) -> Iterator[tuple[str, Array]]:
    for at, link in enumerate(stretch.links):
        for said, other in _mistakes(link):
            links = [*stretch.links[:at], *([other] if other else ()), *stretch.links[at + 1 :]]
            try:
                yield said, stretch.compute(links)
            except (CaffeError, ValueError, IndexError):
                continue  # a mistake that these shapes do not allow


def _mistakes(link: Link) -> Iterator[tuple[str, Link | None]]:
    """Yield wrong ways to compute a layer; None leaves it out."""
    layer = link.layer
    yield f"{layer.name!r} is left out", None
    if isinstance(layer, LRN):
        yield from _lrn(link, layer)
    if isinstance(layer, Pooling):
        yield from _pooling(link, layer)
    if getattr(layer, "group", 1) > 1:
        yield from _groups(link, layer.group)  # type: ignore[attr-defined]
    if link.blobs:
        yield from _weighted(link)
    if link.bottoms[0] is not None:
        yield from _fed_otherwise(link)


def _lrn(link: Link, layer: LRN) -> Iterator[tuple[str, Link]]:
    size = layer.local_size ** (2 if layer.within_channel else 1)
    undivided = replace(layer, alpha=layer.alpha * size)
    yield (
        f"alpha {layer.alpha:g} is not divided by the window's {size}",
        replace(link, layer=undivided),
    )
    twice = replace(layer, alpha=layer.alpha / size)
    yield (
        f"alpha {layer.alpha:g} is divided by the window's {size} twice",
        replace(link, layer=twice),
    )
    other = replace(layer, within_channel=not layer.within_channel)
    yield "across channels and within a channel are confused", replace(link, layer=other)


def _pooling(link: Link, layer: Pooling) -> Iterator[tuple[str, Link]]:
    down, up = "rounded down, Caffe rounds up", "rounded up, this layer rounds down"
    other = replace(layer, round_up=not layer.round_up)
    yield f"sizes are {down if layer.round_up else up}", replace(link, layer=other)
    method: Method = "AVE" if layer.method == "MAX" else "MAX"
    yield (
        f"pools by {method}, not by {layer.method}",
        replace(link, layer=replace(layer, method=method)),
    )


def _groups(link: Link, count: int) -> Iterator[tuple[str, Link]]:
    """Groups in reverse: two swapped, of the input or of the filters."""
    if link.bottoms[0] is not None:
        swapped = (_turned(link.bottoms[0], 1, count), *link.bottoms[1:])
        yield f"the {count} groups of its input are swapped", replace(link, bottoms=swapped)
    filters = tuple(_turned(blob, 0, count) for blob in link.blobs)
    yield f"the {count} groups of its filters are swapped", replace(link, blobs=filters)
    yield (
        f"the {count} groups of its weights are swapped, not of its biases",
        replace(link, blobs=(filters[0], *link.blobs[1:])),
    )


def _turned(array: Array, axis: int, count: int) -> Array:
    return np.concatenate(np.split(array, count, axis)[::-1], axis)


def _weighted(link: Link) -> Iterator[tuple[str, Link]]:
    weight, *rest = link.blobs
    if len(rest) == 1:
        yield "the bias is left out", replace(link, blobs=(weight, np.zeros_like(rest[0])))
        yield "the bias is added twice", replace(link, blobs=(weight, 2 * rest[0]))
    if weight.ndim == 4:
        turned = weight[:, :, ::-1, ::-1]
        yield "kernels are turned by 180 degrees", replace(link, blobs=(turned, *rest))
        across = weight.transpose(0, 1, 3, 2)
        yield "kernels are transposed", replace(link, blobs=(across, *rest))


def _fed_otherwise(link: Link) -> Iterator[tuple[str, Link]]:
    bottom, *rest = link.bottoms
    if bottom is None or bottom.ndim != 4:
        return
    if bottom.shape[1] == 3:
        reversed_ = (bottom[:, ::-1], *rest)
        yield (
            "its three input channels are in reverse, as RGB for BGR",
            replace(link, bottoms=reversed_),
        )
        yield "its input is divided by 255", replace(link, bottoms=(bottom / 255, *rest))
    if isinstance(link.layer, InnerProduct):
        last = bottom.transpose(0, 2, 3, 1).reshape(bottom.shape)
        yield "its input is flattened channels last", replace(link, bottoms=(last, *rest))


def _regrouped(stretch: Stretch) -> str:
    """Say so where what comes out has its groups of channels swapped, as for a layer after it."""
    channels = stretch.expected.shape[1] if stretch.expected.ndim > 1 else 1
    if stretch.found.shape == stretch.expected.shape:
        for count in (2, 4):
            if channels % count == 0 and _is(stretch, _turned(stretch.expected, 1, count)):
                return f"the layer after it is given its channels with their {count} groups swapped"
    return ""


def _scaled(stretch: Stretch) -> str:
    """Say by how much, where everything is off by one factor."""
    found, expected = stretch.found.astype(np.float64), stretch.expected
    if found.shape != expected.shape or not np.isfinite(found).all():
        return ""
    large = np.abs(expected) > 0.01 * np.abs(expected).max(initial=0.0)
    if not large.any():
        return ""
    factor = float(np.median(found[large] / expected[large]))
    if factor == 0 or not _is(stretch, factor * expected):
        return ""
    more = "large" if factor > 1 else "small"
    return f"{abs(factor - 1):.2%} too {more}: everything is multiplied by {factor:.6g}"


def _dropping(stretch: Stretch) -> str:
    """Say so where elements are dropped as in training."""
    for link in stretch.links:
        if isinstance(link.layer, Dropout) and stretch.found.shape == stretch.expected.shape:
            kept = stretch.found != 0
            for factor in (1.0, 1.0 / (1.0 - link.layer.dropout_ratio)):
                made = np.where(kept, stretch.expected * factor, 0.0)
                if _is(stretch, made):
                    return f"drops as in training ({np.mean(~kept):.0%} are zero); call eval()"
    return ""
