"""`comparison.json`, which `parity-check page` draws, and a CSV with a row for each cell."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from ..runs.manifest import write_whole
from ..statistics import Interval
from .results import Cell, Comparison, Data

FORMAT, VERSION = "memnet-comparison", 1


def to_json(found: Comparison) -> str:
    """Return the text of `comparison.json`."""
    record: dict[str, object] = {"format": FORMAT, "version": VERSION, "made_by": _made_by()}
    return json.dumps(record | asdict(found), allow_nan=False) + "\n"


def _made_by() -> Mapping[str, str]:
    from converter import __version__

    libraries = {name: version(name) for name in ("torch", "numpy", "scipy")}
    return {"convert-caffemodel": __version__, "python": platform.python_version()} | libraries


def write_json(found: Comparison, path: str) -> None:
    """Write `comparison.json`. Raises OutputError."""
    write_whole(Path(path), to_json(found))


def write_csv(found: Comparison, path: str) -> None:
    """Write a row for each cell; what is undefined is empty. Raises OutputError."""
    models = {model.name: model.trained_on for model in found.models}
    data = {(one.name, one.split): one for one in found.data}
    rows = [_row(cell, models[cell.model], data[cell.data, cell.split]) for cell in found.cells]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(Path(path), text.getvalue())


def _row(cell: Cell, trained_on: str, data: Data) -> dict[str, object]:
    summary = cell.summary
    regression, errors = summary.regression, summary.errors
    return {
        "model": cell.model,
        "trained_on": trained_on,
        "data": cell.data,
        "split": cell.split,
        "synthetic": data.synthetic,
        "crops": cell.crops,
        "images": summary.correlation.n,
        "rho": summary.correlation.rho,
        **_interval("rho", summary.correlation.bootstrap),
        **_interval("rho_bonett_wright", summary.correlation.bonett_wright),
        "pearson": regression.pearson,
        "mse": errors.mse,
        "rmse": errors.rmse,
        "mae": errors.mae,
        "mse_of_constant": errors.mse_of_constant,
        "r2": errors.r2,
        "mae_above_half": summary.above_half.mae if summary.above_half else None,
        "rmse_above_half": summary.above_half.rmse if summary.above_half else None,
        "score_mean": summary.scores.mean,
        "score_sd": summary.scores.sd,
        "truth_mean": summary.truth.mean,
        "truth_sd": summary.truth.sd,
        "sd_ratio": summary.gap.sd_ratio,
        "ks": summary.gap.ks,
        "wasserstein": summary.gap.wasserstein,
        "least": summary.scores.least,
        "at_floor": summary.scores.at_floor,
        "shrinkage_slope": regression.shrinkage_slope,
        "calibration_slope": regression.calibration_slope,
        "ccc": regression.ccc,
        "human_consistency": data.consistency.rho if data.consistency else None,
        "seen": cell.seen,
        "warnings": "; ".join(cell.warnings),
    }


def _interval(name: str, found: Interval | None) -> dict[str, float | None]:
    return {
        f"{name}_low": found.low if found else None,
        f"{name}_high": found.high if found else None,
    }
