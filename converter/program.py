"""A PyTorch program as data: calls and the statements that bind their results.

Layer files say what a layer becomes with these types; nothing here imports torch. Text is made from a program in
`source.py`, and only from call targets, the `repr` of plain values, and names that went through `names.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Name:
    """A local variable of `forward`."""

    identifier: str


@dataclass(frozen=True)
class Bottom:
    """The layer's i-th bottom, before it is known which variable holds it."""

    index: int


@dataclass(frozen=True)
class Call:
    """`target(*args, **kwargs)`.

    `nn.Conv2d` and `torch.cat` are written as they stand. `.flatten` is a method of the first argument, `+` an
    infix operator, `self` the layer's own module, and a bare class name (`Scale`) a module of `converter/nn`.
    `[..., None]` is the indexing that `trailing_axes` writes.
    """

    target: str
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str, Expr], ...] = ()


Expr = Name | Bottom | Call | tuple["Expr", ...] | str | float | bool | None


def call(target: str, *args: Expr, **kwargs: Expr) -> Call:
    """Write `Call` the way the call itself is written."""
    return Call(target, args, tuple(kwargs.items()))


def trailing_axes(value: Expr, count: int) -> Expr:
    """Write `value[..., None, None]`: `value` with `count` axes of size 1 added at its end."""
    return Call("[..., None]", (value, count)) if count else value


@dataclass(frozen=True)
class Lowered:
    """What a layer becomes: the module it needs, if any, and the expression of its tops.

    With several tops the expression is a tuple or a call that returns one.
    """

    expression: Expr
    module: Call | None = None


def module(target: str, *args: Expr, inputs: Expr = Bottom(0), **kwargs: Expr) -> Lowered:
    """Build a layer that is `self.<layer> = target(*args)` and is applied to `inputs`, one or a tuple."""
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    return Lowered(Call("self", arguments), call(target, *args, **kwargs))


def function(target: str, *args: Expr, **kwargs: Expr) -> Lowered:
    """Build a layer that needs no module: its tops are one expression of its bottoms."""
    return Lowered(call(target, *args, **kwargs))


@dataclass(frozen=True, kw_only=True)
class Member:
    """`self.<attribute> = call`, made for one Caffe layer."""

    attribute: str
    layer: str
    call: Call
    stateful: bool = False
    """Whether it has a `reset` method and carries state from one forward to the next."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """`targets = value` in `forward`; `shapes` are those of the declared input, for the comment."""

    targets: tuple[str, ...]
    value: Expr
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, kw_only=True)
class Tie:
    """Two parameters that are one: `sharer` uses `owner`'s storage (Caffe's `param { name: }`)."""

    owner: str
    sharer: str
    shape: Shape
    reshaped: bool


@dataclass(frozen=True, kw_only=True)
class Program:
    """One `nn.Module` class: members, the body of `forward`, and how its names map to Caffe's."""

    class_name: str
    net_name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    members: tuple[Member, ...]
    statements: tuple[Statement, ...]
    ties: tuple[Tie, ...] = ()
    blobs: Mapping[str, str] = field(default_factory=dict)
    """Blob -> the variable that holds it at the end of `forward`."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    """Module class -> the file that defines it, for those of layers from outside."""
