"""`model/`: what a finished run leaves for everybody else, made beside its place and renamed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..network import Rule
from ..networks.trained import FOLDER, FORMAT, RECORD, SEEN, VERSION, WEIGHTS
from .mixture import Mixture
from .recipe import Recipe

PREFIX = "model."
"""Of the network's names in a checkpoint."""


def write_model(
    out: Path,
    checkpoint: Mapping[str, Any],
    *,
    recipe: Recipe,
    mixture: Mixture,
    rule: Rule,
) -> Path:
    """Write the folder for a checkpoint's weights and return it; one that was there is replaced."""
    from safetensors.torch import save_file

    part, folder, seen = out / f"{FOLDER}.part", out / FOLDER, _seen(checkpoint, mixture)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        save_file(weights_of(checkpoint), part / WEIGHTS, {"format": "pt"})
        (part / SEEN).write_text(seen, encoding="utf-8")
        (part / WEIGHTS).chmod((part / SEEN).stat().st_mode & 0o777)  # safetensors gives 0600
        for name, content in rule.to_files().items():
            (part / name).write_bytes(content)
        record = _record(checkpoint, recipe, mixture, seen)
        (part / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return folder


def weights_of(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the network's state dict."""
    return {
        name.removeprefix(PREFIX): tensor.contiguous()
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith(PREFIX)
    }


def _seen(checkpoint: Mapping[str, Any], mixture: Mixture) -> str:
    """Return seen.txt: the run's own images and, where it is known by name, what its start had seen."""
    before = checkpoint["memnet"]["start"].get("seen", ())
    return "".join(f"{line}\n" for line in sorted({*mixture.seen.splitlines(), *before}))


def _record(
    checkpoint: Mapping[str, Any], recipe: Recipe, mixture: Mixture, seen: str
) -> dict[str, object]:
    import lightning

    from converter import __version__

    ours = checkpoint["memnet"]
    options = {key: each for key, each in recipe.model.options.items() if key != "mean"}
    segmenter = checkpoint["state_dict"].get(
        f"{PREFIX}segmenter_sha256"
    )  # TripleMem's, which is not in the weights
    return {
        "format": FORMAT,
        "version": VERSION,
        "architecture": recipe.model.architecture,
        "options": options,
        **({} if segmenter is None else {"segmenter_sha256": bytes(segmenter.tolist()).hex()}),
        "trained_on": [asdict(part) for part in mixture.trained_on],
        "validated_on": [asdict(part) for part in mixture.validated_on],
        "seen_sha256": hashlib.sha256(seen.encode()).hexdigest(),
        "recipe": recipe.name,
        "seed": recipe.training.seed,
        "epoch": ours["position"][0],
        "steps": checkpoint["global_step"],
        "val_spearman": ours["best_spearman"],
        "start": {key: each for key, each in ours["start"].items() if key != "seen"},
        "made_by": {
            "convert-caffemodel": __version__,
            "torch": torch.__version__,
            "lightning": lightning.__version__,
        },
    }
