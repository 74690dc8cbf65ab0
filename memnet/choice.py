"""`Choice`: which model, crops and preprocessing were asked for, as plain values; and what identifies the answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from converter.errors import FileFormatError

if TYPE_CHECKING:
    import torch

    from .crops import Crops
    from .network import Network, Rule

PREPROCESS_VERSION = 1
"""Raised when the same configuration begins to give other numbers, so that no run mixes the two."""

NO_WEIGHTS = """\
MemNet's weights are not shipped, and their authors' page no longer offers them. Give your file with --weights, \
or as --model PATH; `convert-caffemodel --example` writes an untrained one to try things out"""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What makes two runs comparable: scores under equal identities are scores by the same rule."""

    model: str
    weights_sha256: str
    crops: str
    preprocess_version: str
    """PREPROCESS_VERSION, and the hash of the configuration and the mean image."""
    features: str | None = None

    def differences(self, other: Identity) -> list[str]:
        """Return one phrase for each field in which the two differ."""
        ours, theirs = asdict(self), asdict(other)
        return [
            f"{key.replace('_', ' ')} {ours[key]!r}, not {theirs[key]!r}"
            for key in ours
            if ours[key] != theirs[key]
        ]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model that can be named to another process; `network` loads it."""

    model: str = "memnet"
    """`memnet`, `resmem`, or the path of weights of either."""
    weights: str | None = None
    """Path of the weights; ResMem has a default, the installed package `resmem`."""
    mean: str | None = None
    crops: Crops = "center"
    device: str = "auto"
    batch_size: int = 20
    features: str | None = None
    fast: bool = False

    @property
    def path(self) -> Path:
        """The file or folder of weights. Raises FileFormatError where none is named."""
        if self.model not in {"memnet", "resmem"}:
            if self.weights is not None:
                raise FileFormatError("--model is a path already; leave --weights out")
            return Path(self.model)
        if self.weights is not None:
            return Path(self.weights)
        if self.model == "memnet":
            raise FileFormatError(NO_WEIGHTS)
        from .resmem import installed_weights

        return installed_weights()

    @property
    def is_resmem(self) -> bool:
        """Whether the model is ResMem: asked for, or a PyTorch file, which MemNet never is."""
        from converter.files.sniff import Kind, identify

        return self.model == "resmem" or (
            self.model != "memnet" and identify(self.path) is Kind.PYTORCH
        )

    def network(self) -> Network:
        """Load the model onto its device. Raises what `load` and `load_resmem` raise."""
        from .device import choose_device
        from .network import Network

        device = choose_device(self.device)  # first, for it fails at once
        model, rule = self._resmem() if self.is_resmem else self._memnet()
        return Network(
            model=model.to(device),
            rule=rule,
            crops=self.crops,
            batch_size=self.batch_size,
            features=self.features,
            fast=self.fast,
        )

    def _resmem(self) -> tuple[torch.nn.Module, Rule]:
        from .resmem import load_resmem

        if self.mean is not None:
            raise FileFormatError("ResMem subtracts no mean; leave --mean out")
        model = load_resmem(self.path)
        return model, model.preprocess

    def _memnet(self) -> tuple[torch.nn.Module, Rule]:
        from .loading import load
        from .preprocessing import preprocessing

        model = load(self.path, mean=self.mean)
        return model, vars(model)["preprocess"] or preprocessing()

    def identity(self, network: Network) -> Identity:
        """Return the identity of the network that this choice loaded; reads the weights once more, for their hash."""
        return Identity(
            model="resmem" if self.is_resmem else "memnet",
            weights_sha256=sha256(self.path),
            crops=self.crops,
            preprocess_version=preprocess_version(network.rule),
            features=self.features,
        )


def preprocess_version(rule: Rule) -> str:
    """Return what changes whenever a preprocessing gives other numbers."""
    state = hashlib.sha256()
    for name, content in sorted(rule.to_files().items()):
        state.update(json.dumps([name, len(content)]).encode() + content)
    return f"{PREPROCESS_VERSION}-{state.hexdigest()[:16]}"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file of weights, or of the weights in a converted folder."""
    from .loading import WEIGHTS

    with (path / WEIGHTS if path.is_dir() else path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
