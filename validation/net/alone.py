"""Each layer alone: the float64 reference computes it from what the port gave it, so that a fault names its own layer.

A blob holds what the last layer in place left there. Where the port does not show what came between, the layers
between two values that it shows are judged together, as one `Stretch`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from converter import tolerance
from converter.compare import relative_difference
from converter.errors import CaffeError

from ..report import Check, within
from ..traces import Array, Trace, begin_anew, is_whole, port_backend
from .watch import watch

if TYPE_CHECKING:
    import torch

    from converter.conversion import Conversion
    from converter.layer import Layer

LONG = 6
"""Layers between two values that a port shows, beyond which a stretch names no place."""
MANY = 4
"""Layers at fault that are told; more are one mistake that all of them share, or a port of another net."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """One layer of a stretch."""

    layer: Layer
    blobs: tuple[Array, ...]
    """Its weights, float64."""
    bottoms: tuple[Array | None, ...]
    """What it is given, float64; None is the top of the layer before it."""

    def tops(self, before: Array | None) -> tuple[Array, ...]:
        """Compute it; `before` is the top of the layer before it."""
        given = [before if bottom is None else bottom for bottom in self.bottoms]
        bottoms = [array for array in given if array is not None]
        if self.layer.stateful:
            return self.layer.reference_from(bottoms, self.blobs, ())[0]
        return self.layer.reference(bottoms, self.blobs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """Layers one after the other, of which the port shows only what goes in and what comes out."""

    links: tuple[Link, ...]
    top: int
    """Which top of the last layer `found` is."""
    found: Array
    """The port's."""
    expected: Array

    @property
    def name(self) -> str:
        """The layers, with their types."""
        named = [f"{link.layer.name!r} ({link.layer.type})" for link in self.links]
        return f"layer {named[0]}" if len(named) == 1 else f"layers {', '.join(named)}"

    @property
    def limit(self) -> float:
        """Of `difference`."""
        softmax = "Softmax" in self.links[-1].layer.type
        return tolerance.SATURATED_SOFTMAX if softmax else tolerance.CAFFE

    @cached_property
    def difference(self) -> float:
        """Relative, of the port from the reference."""
        return relative_difference(self.found, self.expected)

    @property
    def differs(self) -> bool:
        """Whether it is beyond the limit, or no number."""
        return not self.difference <= self.limit

    def compute(self, links: Sequence[Link]) -> Array:
        """Return what would come out if the layers were these."""
        first = self.links[0].bottoms[0]
        tops: tuple[Array, ...] = (first,) if first is not None else ()
        for link in links:
            tops = link.tops(tops[0])
        return tops[self.top]


def layers_alone(
    conversion: Conversion,
    port: torch.nn.Module,
    inputs: Trace,
    differing: Sequence[str] = (),
) -> tuple[list[Check], list[str]]:
    """Return a check for each layer that the port computes otherwise, with what it does instead where that is known.

    `differing` are the keys of the weights that differ from the file's.
    """
    from .diagnoses import diagnose

    checks, judged, wrong = list[Check](), set[str](), 0
    for stretch in stretches(conversion, _Shown(conversion, port, inputs)):
        judged |= {link.layer.name for link in stretch.links}
        if not stretch.differs:
            continue
        wrong += 1
        if wrong <= MANY:
            said = diagnose(stretch) or _unknown(conversion, stretch, differing)
            name = f"{stretch.name} alone"
            checks.append(within(name, stretch.difference, stretch.limit, said, "network"))
    hidden = {layer.name for layer in conversion.net.layers if layer.role != "input"} - judged
    return checks, list(_notes(len(judged), wrong, len(hidden)))


def _unknown(conversion: Conversion, stretch: Stretch, differing: Sequence[str]) -> str:
    owners = zip(conversion.net.layers, conversion.lowering.attributes, strict=True)
    names = {link.layer.name for link in stretch.links}
    own = tuple(f"{attribute}." for layer, attribute in owners if layer.name in names)
    if any(key.startswith(own) for key in differing):
        return "its weights are not the file's"
    return "not what Caffe computes from what the port gives it"


def _notes(judged: int, wrong: int, hidden: int) -> Iterator[str]:
    if wrong > MANY:
        yield f"{wrong} of {judged} layers differ when computed alone; the first {MANY} are told"
    elif judged and not wrong:
        yield (
            f"each of the {judged} layers that can be seen computes, from what the port gives it, what Caffe does: "
            f"look at {f'the {hidden} others, at ' if hidden else ''}the inputs, or at what the judge ran"
        )


class _Shown:
    """What the port shows of itself on some inputs."""

    def __init__(self, conversion: Conversion, port: torch.nn.Module, inputs: Trace) -> None:
        self._net = conversion.net
        begin_anew(port)
        self._seen = watch(port, conversion, inputs)
        self._blobs = {**inputs, **self._seen.blobs}
        self._whole = is_whole(port) and not self._seen.error
        if self._whole:
            self._blobs |= port_backend(port, conversion)(inputs)
        self._last = {
            blob: at for at, step in enumerate(self._net.steps) for blob in step.layer.tops
        }

    def given(self, at: int) -> tuple[Array, ...]:
        """Return what a step's module was given; () where that was not seen."""
        given = self._seen.given.get(at, ())
        return given if len(given) == len(self._net.steps[at].layer.bottoms) else ()

    def made(self, at: int, index: int) -> Array | None:
        """Return a top of a step, before another layer works on it in place.

        Of the last step that writes a blob it is the blob: what the port does to it after the module is that layer's.
        """
        tops = self._net.steps[at].layer.tops
        if self._last[tops[index]] == at and tops[index] in self._blobs:
            return self._blobs[tops[index]]
        made = self._seen.made.get(at, ())
        return made[index] if len(made) == len(tops) else None

    def settled(self, at: int, index: int) -> bool:
        """Whether a top is what the next layer finds, so that what it is given besides is its own doing."""
        return self._whole and self._last[self._net.steps[at].layer.tops[index]] == at


@dataclass(frozen=True, kw_only=True, eq=False)
class _Value:
    """A blob at some step: the port's own, or what the links make of the port's."""

    array: Array
    links: tuple[Link, ...] = ()
    top: int = 0
    """Which top of the last link it is."""
    stretch: Stretch | None = None
    """What it came out of, where the port shows it and may do something to it afterwards."""
    doubtful: bool = False
    """Whether a fault was told of it, so that what a reader is given is believed before it."""

    def handed(self, array: Array, layer: Layer) -> Stretch | None:
        """Return what this layer, which is given the array for it, tells about the layers before."""
        if self.links:
            return _stretch(self.links, self.top, array, self.array)
        if self.stretch is None:
            return None
        array = _shaped(array, self.array)
        in_place = layer.tops == layer.bottoms
        off = in_place and relative_difference(array, self.array) > self.stretch.limit
        return replace(self.stretch, found=array) if off or _rescaled(array, self.array) else None


def stretches(conversion: Conversion, shown: _Shown) -> Iterator[Stretch]:
    """Yield every stretch between values that the port shows, in net order."""
    values: dict[str, _Value] = {}
    for at, (step, stored) in enumerate(
        zip(conversion.net.steps, conversion.bound.blobs, strict=True)
    ):
        layer = step.layer
        bottoms = [values.get(bottom) for bottom in layer.bottoms]
        for place, array in enumerate(shown.given(at)):
            value = bottoms[place]
            stretch = value.handed(array, layer) if value is not None else None
            if stretch is not None:
                values[layer.bottoms[place]] = _Value(array=stretch.found, doubtful=True)
                if len(stretch.links) <= LONG:
                    yield stretch
            if value is None or value.doubtful or stretch is not None:
                bottoms[place] = _Value(array=array if stretch is None else stretch.found)
        known = _known(bottoms)
        links = _linked(layer, stored, known) if known and layer.role != "input" else ()
        tops = _compute(links, known)
        for index, top in enumerate(layer.tops):
            values.pop(top, None)
            found = shown.made(at, index)
            if found is not None:
                stretch = None
                if tops and len(links) <= LONG:
                    stretch = _stretch(links, index, found, tops[index])
                    yield stretch
                settled = shown.settled(at, index)
                told = not settled and stretch is not None and stretch.differs
                kept = None if settled or told else stretch
                values[top] = _Value(array=found, stretch=kept, doubtful=told)
            elif tops:
                values[top] = _Value(array=tops[index], links=links, top=index)


def _rescaled(given: Array, made: Array) -> bool:
    """Whether a layer is given what the one before it made, but for a factor: that belongs to the one before."""
    largest = float(np.abs(made).max(initial=0))
    if given.size != made.size or not largest or not np.isfinite(given).all():
        return False
    factor = float(np.abs(given).max()) / largest
    off = np.abs(given.reshape(made.shape) - factor * made).max() / (factor * largest or 1.0)
    return bool(abs(factor - 1) > tolerance.CAFFE >= off)


def _known(given: Sequence[_Value | None]) -> list[_Value]:
    """Return the bottoms if all are known and at most one is not the port's own, else []."""
    known = [value for value in given if value is not None and not value.doubtful]
    fit = len(known) == len(given) and sum(bool(value.links) for value in known) <= 1
    return known if fit else []


def _linked(layer: Layer, stored: Sequence[Array], known: Sequence[_Value]) -> tuple[Link, ...]:
    before = next((value.links for value in known if value.links), ())
    bottoms = tuple(None if value.links else value.array.astype(np.float64) for value in known)
    blobs = tuple(blob.astype(np.float64) for blob in stored)
    return (*before, Link(layer=layer, blobs=blobs, bottoms=bottoms))


def _compute(links: Sequence[Link], known: Sequence[_Value]) -> tuple[Array, ...]:
    """Return the tops of the last link; () where it cannot take the shapes that a port at fault gives it."""
    if not links:
        return ()
    before = next((value.array for value in known if value.links), None)
    try:
        return links[-1].tops(before)
    except (CaffeError, ValueError, IndexError):
        return ()


def _stretch(links: tuple[Link, ...], index: int, found: Array, expected: Array) -> Stretch:
    found = _shaped(found, expected)
    return Stretch(links=links, top=index, found=found, expected=expected)


def _shaped(found: Array, expected: Array) -> Array:
    """Return an array in a blob's shape, where it has as many elements: a module may give or take it flattened."""
    return found.reshape(expected.shape) if found.size == expected.size else found
