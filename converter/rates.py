"""How fast Caffe's solver trains each blob: `param { lr_mult decay_mult }` (net.cpp, AppendParam).

A blob that several layers share has one rate: whichever of them gives it, and all that do must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .errors import InvalidNetError, context
from .layer import number

if TYPE_CHECKING:
    from protos import LayerParameter, ParamSpec

    from .net import Share, Step

Slot = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Factors of the solver's learning rate and weight decay."""

    lr_mult: float = 1.0
    decay_mult: float = 1.0

    @property
    def trained(self) -> bool:
        """Whether Caffe computes a gradient for the blob (net.cpp, param_need_backward)."""
        return self.lr_mult > 0


Rates = tuple[tuple[Rate, ...], ...]


def find_rates(
    protos: Sequence[LayerParameter], steps: Sequence[Step], shares: Iterable[Share]
) -> Rates:
    """Return the rate of every blob of every step. Raises InvalidNetError where sharers disagree."""
    owners = {share.sharer: share.owner for share in shares}
    found: dict[Slot, Rate] = {}
    for owner, specs in _specs(protos, steps, owners).items():
        with context(f"layer {steps[owner[0]].layer.name!r}"):
            found[owner] = Rate(
                lr_mult=_agreed("lr_mult", specs), decay_mult=_agreed("decay_mult", specs)
            )
    return tuple(
        tuple(
            Rate(lr_mult=0.0, decay_mult=0.0)  # batch_norm_layer.cpp masks its statistics
            if blob.buffer
            else found[owners.get((index, at), (index, at))]
            for at, blob in enumerate(step.blobs)
        )
        for index, step in enumerate(steps)
    )


def _specs(
    protos: Sequence[LayerParameter], steps: Sequence[Step], owners: Mapping[Slot, Slot]
) -> dict[Slot, list[ParamSpec]]:
    """Return what is said of each blob that owns itself: by its layer, then by its sharers."""
    said: dict[Slot, list[ParamSpec]] = {}
    for index, (proto, step) in enumerate(zip(protos, steps, strict=True)):
        for at in range(len(step.blobs)):
            specs = said.setdefault(owners.get((index, at), (index, at)), [])
            specs.extend(proto.param[at : at + 1])
    return said


def _agreed(what: Literal["lr_mult", "decay_mult"], specs: Sequence[ParamSpec]) -> float:
    values = [number(getattr(spec, what)) for spec in specs if spec.HasField(what)]
    if len(set(values)) > 1:
        raise InvalidNetError(
            f"param {specs[0].name!r} is shared with {what} {' and '.join(map(str, dict.fromkeys(values)))}; "
            f"give it once, or the same each time"
        )
    return values[0] if values else 1.0
