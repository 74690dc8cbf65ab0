"""Models that `memnet train` made: `model/` in the folder of a run, and loading one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import FileFormatError, context

if TYPE_CHECKING:
    from torch import nn

    from ..network import Rule

FOLDER = "model"
RECIPE = "recipe.toml"
"""In the folder of a run, whether it has finished or not."""
RECORD = "model.json"
WEIGHTS = "model.safetensors"
SEEN = "seen.txt"
"""A line `DATASET/NAME` for each training and validation image."""
FORMAT, VERSION = "memnet-model", 1


def trained_folder(path: str | Path) -> Path | None:
    """Return the folder with model.json: `path` itself or the `model` in it; None where neither has one."""
    path = Path(path)
    return next((each for each in (path, path / FOLDER) if (each / RECORD).is_file()), None)


def load_trained(path: str | Path) -> nn.Module:
    """Return a trained network in eval mode, on the CPU; `path` is the run's folder or the `model` folder in it.

    The attribute `preprocess` is what `predict` does to an image, `trained` what model.json says: architecture,
    options, and what it was trained on. `forward` takes (N, 3, 227, 227) and returns (N, 1).

    Raises:
        FileFormatError: there is no model.json, or it is damaged or of another version.
        WeightsError: the weights are not those of the architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from ..loading import compare_state
    from .architectures import build

    folder = _folder(path)
    record = read_record(folder)
    with context(str(folder)):
        model = build(record["architecture"], record["options"])
        try:
            state = load_file(folder / WEIGHTS)
        except (SafetensorError, OSError) as error:
            raise FileFormatError(f"{WEIGHTS} cannot be read ({error})") from error
        if mismatch := compare_state(model, state):
            raise mismatch.error(f"the architecture {record['architecture']}")
        model.load_state_dict(state)
        vars(model).update(preprocess=_rule(folder, model), trained=record)
    return model.eval()


def read_record(folder: Path) -> Mapping[str, Any]:
    """Return what model.json says."""
    with context(str(folder / RECORD)):
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FileFormatError(f"cannot be read ({error})") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise FileFormatError(f"is not of the format {FORMAT!r}")
        if record.get("version") != VERSION:
            raise FileFormatError(f"has version {record.get('version')!r}; known: {VERSION}")
        return record


def _folder(path: str | Path) -> Path:
    found = trained_folder(path)
    if found is None:
        unfinished = " (the run in it has not finished)" if (Path(path) / RECIPE).is_file() else ""
        raise FileFormatError(
            f"{path}: holds no {FOLDER}/{RECORD}{unfinished}; give a finished run"
        )
    return found


def _rule(folder: Path, model: nn.Module) -> Rule:
    """Return the folder's own rule where it has a mean that the architecture does not know, else the architecture's."""
    from converter import Preprocess, load_preprocess

    own: Rule = vars(model)["preprocess"]
    return load_preprocess(folder) if isinstance(own, Preprocess) else own
