"""Lowering: Net -> Program. One Caffe layer becomes one member or one expression; a blob becomes one variable.

An in-place layer binds its blob's variable anew, so that at the end of `forward` every variable holds what Caffe's
`net.blobs` holds. (Caffe refuses a net that reads a blob both before and after an in-place layer, so nothing is lost.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from .errors import InvalidNetError, UnsupportedError, context, listed
from .modules import defined_names
from .names import Names, attribute_names, class_name, variable_names
from .net import Net, Step
from .program import Bottom, Call, Expr, Lowered, Member, Name, Program, Statement, Tie


@dataclass(frozen=True)
class Lowering:
    """A program, and the attribute of each step that has a module (None for the others)."""

    program: Program
    attributes: tuple[str | None, ...]


def lower(net: Net) -> Lowering:
    """Return the PyTorch program of a net. Raises UnsupportedError for what PyTorch cannot express."""
    if not net.outputs:
        last = ", ".join(f"{layer.name!r} ({layer.type})" for layer in net.layers if not layer.tops)
        raise InvalidNetError(
            f"has no outputs: these layers take blobs and name no top: {last}; give one a top, or leave it out"
        )
    lowered = _lower_steps(net)
    targets = {part.module.target for part in lowered if part and part.module}
    own = {cls: str(path) for layer in net.layers for cls, path in layer.modules.items()}
    helpers = defined_names((target for target in targets if target.isidentifier()), own)
    cls = class_name(net.name, helpers)
    attributes = _attributes(net, lowered)
    variables = _variables(net, helpers | {cls})
    program = Program(
        class_name=cls,
        net_name=net.name,
        inputs=net.inputs,
        outputs=net.outputs,
        members=tuple(
            Member(
                attribute=attribute,
                layer=step.layer.name,
                call=part.module,
                stateful=step.layer.stateful,
            )
            for step, part, attribute in zip(net.steps, lowered, attributes, strict=True)
            if part and part.module and attribute
        ),
        statements=tuple(
            _statement(step, part.expression, attribute, variables)
            for step, part, attribute in zip(net.steps, lowered, attributes, strict=True)
            if part and step.layer.tops
        ),
        ties=_ties(net, attributes),
        blobs=MappingProxyType(variables),
        shapes=net.shapes,
        modules=MappingProxyType(own),
    )
    return Lowering(program, tuple(attributes))


def _lower_steps(net: Net) -> list[Lowered | None]:
    """Lower each layer, None for inputs, which have no code; everything not supported is reported together."""
    lowered, refused = list[Lowered | None](), list[str]()
    for step in net.steps:
        try:
            with context(f"layer {step.layer.name!r} ({step.layer.type})"):
                lowered.append(
                    None if step.layer.role == "input" else step.layer.lower(step.bottoms)
                )
        except UnsupportedError as error:
            refused.append(str(error))
    if refused:
        raise UnsupportedError(listed(refused))
    return lowered


def _attributes(net: Net, lowered: list[Lowered | None]) -> list[str | None]:
    names = attribute_names()
    return [
        names.new(step.layer.name, step.layer.type.lower()) if part and part.module else None
        for step, part in zip(net.steps, lowered, strict=True)
    ]


def _variables(net: Net, reserved: frozenset[str]) -> dict[str, str]:
    names: Names = variable_names(reserved)
    return {blob: names.new(blob) for blob in net.shapes}


def _statement(
    step: Step, expression: Expr, attribute: str | None, variables: dict[str, str]
) -> Statement:
    bottoms = tuple(Name(variables[bottom]) for bottom in step.layer.bottoms)
    return Statement(
        targets=tuple(variables[top] for top in step.layer.tops),
        value=_bind(expression, bottoms, attribute or ""),
        shapes=step.tops,
    )


def _bind(expression: Expr, bottoms: tuple[Name, ...], attribute: str) -> Expr:
    """Put the variables in place of the bottoms, and the layer's member in place of `self`."""
    if isinstance(expression, Bottom):
        return bottoms[expression.index]
    if isinstance(expression, tuple):
        return tuple(_bind(part, bottoms, attribute) for part in expression)
    if isinstance(expression, Call):
        target = f"self.{attribute}" if expression.target == "self" else expression.target
        return Call(
            target,
            tuple(_bind(part, bottoms, attribute) for part in expression.args),
            tuple((key, _bind(part, bottoms, attribute)) for key, part in expression.kwargs),
        )
    return expression


def _ties(net: Net, attributes: list[str | None]) -> tuple[Tie, ...]:
    ties = []
    for share in net.shares:
        (owner, first), (sharer, second) = share.owner, share.sharer
        theirs, ours = net.steps[owner].blobs[first], net.steps[sharer].blobs[second]
        if theirs.buffer or ours.buffer:
            continue
        ties.append(
            Tie(
                owner=f"{attributes[owner]}.{theirs.key}",
                sharer=f"{attributes[sharer]}.{ours.key}",
                shape=ours.shape,
                reshaped=theirs.shape != ours.shape and prod(theirs.shape) == prod(ours.shape),
            )
        )
    return tuple(ties)
