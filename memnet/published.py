"""Whether a caffemodel is the published MemNet: by its hash, or more cheaply by its size and its layer table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from converter.files.digest import sha256_of

from .topology import deploy_net

if TYPE_CHECKING:
    from converter import Weights

# The authors' file is no longer offered; two public repositories record these two numbers of it (Git LFS pointers).
SHA256 = "3ee5d693893d70500b0fc44cd4d6cd17304b56b38c3b621aff3d5aaaa2320b9e"
BYTES = 227_491_118


class Origin(Enum):
    """What a file is."""

    PUBLISHED = "the published MemNet"
    SAME_TOPOLOGY = "another file with MemNet's layers"
    NOT_MEMNET = "not MemNet"


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What a file was found to be, and by what."""

    origin: Origin
    proved: bool
    """Whether the hash was computed; without it PUBLISHED means that size and layer table are right."""
    evidence: str

    def __str__(self) -> str:
        seems = "seems to be " if self.origin is Origin.PUBLISHED and not self.proved else ""
        return f"{seems}{self.origin.value} ({self.evidence})"


def recognise(path: str | Path, *, sha256: bool = False) -> Recognition:
    """Tell whether `path` is the published MemNet, another file with its layers, or something else.

    Without `sha256` only size, layer names and weight shapes are looked at, in milliseconds, and the answer says so.
    """
    from converter.errors import CaffeError

    path = Path(path)
    try:
        problem, name = _differences(path)
    except CaffeError as error:
        problem, name = str(error), ""
    if problem:
        return Recognition(origin=Origin.NOT_MEMNET, proved=False, evidence=problem)
    size = path.stat().st_size
    if size != BYTES:
        called = f"; it calls itself {name!r}" if name else ""
        return _same(f"{size:,} bytes, the published file has {BYTES:,}{called}", proved=False)
    if not sha256:
        evidence = "by its size and layer table alone; its SHA-256 was not computed"
        return Recognition(origin=Origin.PUBLISHED, proved=False, evidence=evidence)
    if (found := sha256_of(path)) != SHA256:
        return _same(f"of the published file's size, but its SHA-256 is {found}", proved=True)
    return Recognition(origin=Origin.PUBLISHED, proved=True, evidence="by its SHA-256")


def _same(evidence: str, *, proved: bool) -> Recognition:
    return Recognition(origin=Origin.SAME_TOPOLOGY, proved=proved, evidence=evidence)


def _differences(path: Path) -> tuple[str, str]:
    """Return the first way in which a file's layers are not MemNet's, or "", and the name it gives its net."""
    from converter import load_weights

    from .loading import compare_layers

    weights = load_weights(path)
    found = compare_layers(deploy_net(), weights)
    problems = sorted((*found.missing, *found.misshapen, *found.unexpected))
    problems += _other_types(weights)
    return (problems[0] if problems else ""), _net_name(weights)


def _other_types(weights: Weights) -> list[str]:
    return [
        f"layer {layer.name!r} is {weights.types[layer.name]}, MemNet's is {layer.type}"
        for layer in deploy_net().layers
        if layer.role != "input" and weights.types.get(layer.name, "") not in {"", layer.type}
    ]


def _net_name(weights: Weights) -> str:
    from protos import NetParameter

    return NetParameter.FromString(weights.net_bytes).name[:80]
