"""Which layers of a net take part, by their include and exclude rules (net.cpp, FilterNet)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import InvalidNetError, context

if TYPE_CHECKING:
    from collections.abc import Collection

    from protos import LayerParameter, NetStateRule

__all__ = ["included"]


def included(layer: LayerParameter, phase: str, level: int, stages: Collection[str]) -> bool:
    """Whether the layer belongs to the net in this state; `phase` is "TRAIN" or "TEST".

    With include rules one of them must hold, else none of the exclude rules may.

    Raises:
        InvalidNetError: the layer has both kinds of rules.
    """
    if layer.include and layer.exclude:
        with context(f"layer {layer.name!r}"):
            raise InvalidNetError(
                f"{len(layer.include)} include and {len(layer.exclude)} exclude rules; a layer has "
                "only one kind: write the excludes as includes"
            )
    if layer.include:
        return any(_holds(rule, phase, level, stages) for rule in layer.include)
    return not any(_holds(rule, phase, level, stages) for rule in layer.exclude)


def _holds(rule: NetStateRule, phase: str, level: int, stages: Collection[str]) -> bool:
    """Whether every condition that the rule states is met (net.cpp, StateMeetsRule)."""
    from protos import Phase

    if rule.HasField("phase") and rule.phase != Phase.Value(phase):
        return False
    if rule.HasField("min_level") and level < rule.min_level:
        return False
    if rule.HasField("max_level") and level > rule.max_level:
        return False
    return set(rule.stage) <= set(stages) and set(rule.not_stage).isdisjoint(stages)
