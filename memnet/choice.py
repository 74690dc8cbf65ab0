"""`Choice`: which model, crops and preprocessing were asked for, as plain values; and what identifies the answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import FileFormatError
from converter.files.digest import sha256_of

if TYPE_CHECKING:
    import torch

    from converter.preprocess import TenCrop
    from converter.resizing.resize import Rule as ResizeRule

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
    calibration: str = "raw"
    """`raw`, `ganalyze`, or a fitted one's kind and hash."""

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
    """`memnet`, `resmem`, or the path of weights of either, or of a run of `memnet train`."""
    weights: str | None = None
    """Path of the weights; ResMem has a default, the installed package `resmem`."""
    mean: str | None = None
    crops: Crops = "center"
    device: str = "auto"
    batch_size: int = 20
    features: str | None = None
    calibration: str = "raw"
    """`raw`, `ganalyze`, or the path of a saved one."""
    resize: ResizeRule | None = None
    ten_crop: TenCrop | None = None
    """These two stand in for those of the model's own preprocessing."""
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
        from .networks.resmem import installed_weights

        return installed_weights()

    def absolute(self) -> Choice:
        """Return the choice with absolute paths, which another working directory does not change."""
        names = {"model": {"memnet", "resmem"}, "calibration": {"raw", "ganalyze"}}
        paths = {key: getattr(self, key) for key in ("model", "weights", "mean", "calibration")}
        changes: dict[str, Any] = {
            key: str(Path(value).absolute())
            for key, value in paths.items()
            if value is not None and value not in names.get(key, ())
        }
        return replace(self, **changes)

    @property
    def is_resmem(self) -> bool:
        """Whether the model is ResMem: asked for, or a PyTorch file, which MemNet never is."""
        from converter.files.sniff import Kind, identify

        return self.model == "resmem" or (
            self.model != "memnet" and identify(self.path) is Kind.PYTORCH
        )

    @property
    def trained(self) -> Path | None:
        """The folder with model.json, where the path is one that `memnet train` made."""
        from .networks.trained import trained_folder

        return trained_folder(self.path)

    @property
    def architecture(self) -> str:
        """`memnet`, `resmem`, or what a trained model says of itself."""
        from .networks.trained import read_record

        if (folder := self.trained) is not None:
            return str(read_record(folder)["architecture"])
        return "resmem" if self.is_resmem else "memnet"

    def network(self) -> Network:
        """Load the model onto its device. Raises what `load`, `load_resmem` and `load_trained` raise."""
        from .calibration import load_calibration
        from .device import choose_device
        from .network import Network
        from .preprocessing import overridden

        device = choose_device(self.device)  # first, for it fails at once
        calibration = load_calibration(self.calibration)  # likewise
        model, rule = self._loaded()
        return Network(
            model=model.to(device),
            rule=overridden(rule, resize=self.resize, ten_crop=self.ten_crop),
            crops=self.crops,
            batch_size=self.batch_size,
            features=self.features,
            fast=self.fast,
            calibration=calibration,
        )

    def _loaded(self) -> tuple[torch.nn.Module, Rule]:
        if self.trained is not None:
            return self._trained()
        return self._resmem() if self.is_resmem else self._memnet()

    def _trained(self) -> tuple[torch.nn.Module, Rule]:
        from .networks.trained import load_trained

        if self.mean is not None:
            raise FileFormatError(
                "a trained model has the mean it was trained with; leave --mean out"
            )
        model = load_trained(self.path)
        return model, vars(model)["preprocess"]

    def _resmem(self) -> tuple[torch.nn.Module, Rule]:
        from .networks.resmem import load_resmem

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
            model=self.architecture,
            weights_sha256=sha256(self.path),
            crops=self.crops,
            preprocess_version=preprocess_version(network.rule),
            features=self.features,
            calibration=network.calibration.identity,
        )


def preprocess_version(rule: Rule) -> str:
    """Return what changes whenever a preprocessing gives other numbers."""
    state = hashlib.sha256()
    for name, content in sorted(rule.to_files().items()):
        state.update(json.dumps([name, len(content)]).encode() + content)
    return f"{PREPROCESS_VERSION}-{state.hexdigest()[:16]}"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file of weights, or of the weights in a converted folder or a run's."""
    from .loading import WEIGHTS
    from .networks.trained import trained_folder

    path = trained_folder(path) or path
    return sha256_of(path / WEIGHTS if path.is_dir() else path)
