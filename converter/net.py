"""`Net`: a read, upgraded and filtered Caffe net with the shape of every blob (net.cpp, Net::Init)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from protos.forks import described, forks_with_type

from .errors import InvalidNetError, UnsupportedError, context, listed
from .layer import Blob, Layer
from .layers import every, find
from .program import Shape
from .rates import Rates, find_rates
from .shapes import check_blob
from .transform import Transform, find_transform

if TYPE_CHECKING:
    from protos import LayerParameter, NetParameter

InputShape = Mapping[str, Shape] | Sequence[int] | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A layer in its net: what it is given, what it makes, and the blobs it learns."""

    layer: Layer
    bottoms: tuple[Shape, ...]
    tops: tuple[Shape, ...]
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """Step `sharer`'s blob is step `owner`'s (net.cpp, AppendParam)."""

    owner: tuple[int, int]
    sharer: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Net:
    """A net whose layers are known, in order, and whose blobs have shapes. Frozen."""

    name: str
    steps: tuple[Step, ...]
    shapes: Mapping[str, Shape]
    """Blob -> its shape (its last one, where a layer works in place)."""
    shares: tuple[Share, ...]
    rates: Rates
    """How fast each blob of each step is trained."""
    transform: Transform | None = None
    """What the text's data layers say of their pictures."""
    warnings: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order of computation."""
        return tuple(step.layer for step in self.steps)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The blobs that the caller feeds, in order."""
        return tuple(top for layer in self.layers if layer.role == "input" for top in layer.tops)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The blobs that no layer takes, sorted by name as Caffe does (a std::set of std::string)."""
        left: set[str] = set()
        for layer in self.layers:
            left.difference_update(layer.bottoms)
            left.update(layer.tops)
        return tuple(sorted(left, key=lambda name: name.encode("utf-8", "surrogateescape")))


def load_net(
    path: str | Path,
    *,
    phase: str = "TEST",
    stages: Iterable[str] = (),
    level: int = 0,
    input_shape: InputShape = None,
    dialect: str | None = None,
) -> Net:
    """Read a net from a prototxt, or from inside a `.caffemodel`, in whichever format it is.

    `phase`, `stages` and `level` choose layers by their include and exclude rules. `input_shape` replaces the
    declared one: a tuple for the only input, or a mapping by blob. From a `.caffemodel`, data and loss layers are
    dropped, and what they fed becomes an input. `dialect` names the fork whose field numbers a binary file uses
    (`docs/dialects.md`); without it the file is asked.

    Raises:
        FileFormatError: the file is not a net.
        InvalidNetError: the net cannot be right; the message names file, layer and value.
        UnsupportedError: it has layers that are not converted; all are listed.
    """
    from .embedded import to_deploy
    from .files.dialect import choose_dialect
    from .files.read_net import read_net
    from .files.sniff import Kind, identify
    from .files.unread import unread_fields
    from .upgrade import upgrade
    from .weights import load_weights

    with context(str(path)):
        dialect, guess = choose_dialect(path, dialect)
        proto, warnings = upgrade(read_net(path, dialect))
        kept, more = select(proto, phase, tuple(stages), level)
        if identify(path) is Kind.BINARY_NET:
            kept, dropped = to_deploy(proto, kept, load_weights(path), input_shape)
            more += dropped + unread_fields(kept)
        _find_files(kept, Path(path).parent)
        net = build(proto.name, kept, input_shape, guess + warnings + more)
        return replace(net, transform=find_transform(proto.layer))


def _find_files(layers: Sequence[LayerParameter], folder: Path) -> None:
    """Let file names in layers lead beside the net's own file; Caffe takes them from where it was started."""
    for layer in layers:
        source = folder / layer.infogain_loss_param.source
        if source.is_file():
            layer.infogain_loss_param.source = str(source)


def select(
    proto: NetParameter, phase: str, stages: tuple[str, ...], level: int
) -> tuple[list[LayerParameter], tuple[str, ...]]:
    """Return the layers whose rules admit this state, and warnings."""
    from .net_state import included

    kept = []
    for layer in proto.layer:
        with context(f"layer {layer.name!r}"):
            if included(layer, phase, level, stages):
                kept.append(layer)
    return kept, _duplicates(kept)


def _duplicates(layers: Sequence[LayerParameter]) -> tuple[str, ...]:
    counts = Counter(layer.name for layer in layers)
    return tuple(
        f"{count} layers are called {name!r}; as in Caffe, weights of that name go to the first"
        for name, count in counts.items()
        if count > 1
    )


def build(
    name: str,
    protos: Sequence[LayerParameter],
    input_shape: InputShape = None,
    warnings: tuple[str, ...] = (),
) -> Net:
    """Parse the layers, connect them and infer every shape."""
    if not protos:
        raise InvalidNetError(
            "has no layers; is it a net, and do its include rules admit this phase and stage?"
        )
    layers = _parse(protos)
    layers = _with_input_shape(layers, input_shape)
    wiring = _Wiring()
    steps = []
    for layer in layers:
        with context(f"layer {layer.name!r} ({layer.type})"):
            steps.append(wiring.connect(layer))
    shares = _shares(protos, steps)
    return Net(
        name=name,
        steps=tuple(steps),
        shapes=MappingProxyType(wiring.shapes),
        shares=shares,
        rates=find_rates(protos, steps, shares),
        warnings=warnings,
    )


def _parse(protos: Sequence[LayerParameter]) -> list[Layer]:
    """Parse every layer; all types and features that are not supported are reported together."""
    layers, refused, unknown = list[Layer](), list[str](), dict[str, list[str]]()
    for proto in protos:
        known = find(proto.type)
        if known is None:
            unknown.setdefault(proto.type, []).append(repr(proto.name))
            continue
        try:
            with context(f"layer {proto.name!r} ({proto.type})"):
                layers.append(known.parse(proto))
        except UnsupportedError as error:
            refused.append(str(error))
    refused += [_unknown(layer_type, names) for layer_type, names in unknown.items()]
    if unknown:
        refused.append(f"supported types: {', '.join(sorted(every()))}")
    if refused:
        raise UnsupportedError(listed(refused))
    return layers


def _unknown(layer_type: str, names: list[str]) -> str:
    """Say which layers have a type that is not known, and what may have been meant."""
    which = f"layer {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    if not layer_type:
        return f"{which}: gives no type"
    near = [name for name in every() if name.lower() == layer_type.lower()]
    forks = forks_with_type(layer_type)
    if forks:
        hint = f"; it is of {described(forks)}, and not converted; see docs/your-own-layer.md"
    else:
        hint = f"; did you mean {near[0]!r}? Types are case sensitive" if near else ""
    return f"{which}: unknown layer type {layer_type!r}{hint}"


def _with_input_shape(layers: list[Layer], input_shape: InputShape) -> list[Layer]:
    from .families.fed import reshaped

    return layers if input_shape is None else reshaped(layers, input_shape)


class _Wiring:
    """Which blobs exist so far, their shapes, and who reads them (Net::AppendTop, AppendBottom, InsertSplits)."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self._readers: Counter[str] = Counter()

    def connect(self, layer: Layer) -> Step:
        layer.check_counts()
        bottoms = tuple(self._read(bottom) for bottom in layer.bottoms)
        self._check_tops(layer)
        tops = layer.shapes(bottoms)
        for top, shape in zip(layer.tops, tops, strict=True):
            self.shapes[top] = check_blob(shape, top)
            self._readers[top] = 0
        return Step(layer=layer, bottoms=bottoms, tops=tops, blobs=_checked(layer.weights(bottoms)))

    def _read(self, bottom: str) -> Shape:
        if bottom not in self.shapes:
            known = ", ".join(repr(name) for name in list(self.shapes)[-8:]) or "none"
            raise InvalidNetError(f"unknown bottom blob {bottom!r}; blobs made before it: {known}")
        self._readers[bottom] += 1
        return self.shapes[bottom]

    def _check_tops(self, layer: Layer) -> None:
        for index, top in enumerate(layer.tops):
            if top in layer.tops[:index]:
                raise InvalidNetError(f"names top {top!r} twice")
            if top not in self.shapes:
                continue
            if layer.bottoms[index : index + 1] != (top,):
                raise InvalidNetError(
                    f"top blob {top!r} is produced by an earlier layer already; rename one of them"
                )
            if self._readers[top] > 1:
                raise InvalidNetError(
                    f"works in place on {top!r}, which another layer has read before; give its top a new name"
                )
            if not layer.in_place:
                raise InvalidNetError(
                    f"cannot work in place: top {top!r} is its bottom; give the top a new name"
                )


def _checked(blobs: tuple[Blob, ...]) -> tuple[Blob, ...]:
    for index, blob in enumerate(blobs):
        check_blob(blob.shape, f"weights {index}")
    return blobs


def _shares(protos: Sequence[LayerParameter], steps: Sequence[Step]) -> tuple[Share, ...]:
    """Find blobs named alike by `param { name: }`; the first is the owner (net.cpp, AppendParam)."""
    owners: dict[str, tuple[int, int]] = {}
    shares = []
    for index, (proto, step) in enumerate(zip(protos, steps, strict=True)):
        with context(f"layer {proto.name!r}"):
            if len(proto.param) > len(step.blobs):
                raise InvalidNetError(
                    f"gives param {len(proto.param)} times but has {len(step.blobs)} weight blobs"
                )
        for at, param in enumerate(proto.param):
            if not param.name:
                continue
            if param.name not in owners:
                owners[param.name] = (index, at)
                continue
            owner = owners[param.name]
            with context(f"layer {proto.name!r}"):
                _check_share(
                    param.name, steps[owner[0]], owner[1], step.blobs[at], param.share_mode
                )
            shares.append(Share(owner=owner, sharer=(index, at)))
    return tuple(shares)


def _check_share(name: str, owner: Step, at: int, blob: Blob, share_mode: int) -> None:
    from math import prod

    theirs = owner.blobs[at].shape
    permissive = share_mode == 1
    if theirs == blob.shape or (permissive and prod(theirs) == prod(blob.shape)):
        return
    raise InvalidNetError(
        f"shares param {name!r} with layer {owner.layer.name!r}, whose shape is {theirs}, but needs {blob.shape}"
    )
