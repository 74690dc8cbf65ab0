"""What came of a sweep: a row for each trial, best first, in trials.csv and on the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from converter.columns import aligned
from converter.files.whole import whole

from ..training.metrics import NAME, read_metrics
from .settings import Sweep

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

TABLE = "trials.csv"
SYNTHETIC = "SYNTHETIC: the pictures and scores are generated"
COLUMNS = ("trial", "state", "val_spearman", "best_epoch", "epochs", "seconds")
LAST_COLUMNS = ("synthetic", "folder", "reason")
"""After those of the parameters."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A run over its epochs."""

    epochs: tuple[int, ...] = ()
    spearman: tuple[float | None, ...] = ()
    """On the validation images; None where all scores were equal."""
    seconds: float = 0.0

    @property
    def best(self) -> float | None:
        """The greatest correlation."""
        return max((each for each in self.spearman if each is not None), default=None)

    @property
    def best_epoch(self) -> int | None:
        """The first epoch that had it."""
        return None if self.best is None else self.epochs[self.spearman.index(self.best)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trial."""

    number: int
    state: str
    """complete, pruned, failed, or running (which an interrupted one is, too)."""
    values: Mapping[str, Any]
    curve: Curve
    folder: str
    reason: str = ""
    synthetic: bool = False
    """Whether the images and scores are generated ones."""


def curve(metrics: Sequence[Mapping[str, str]]) -> Curve:
    """Return the curve in the rows of a metrics.csv."""
    rows = [row for row in metrics if row["val_mse"]]
    return Curve(
        epochs=tuple(int(row["epoch"]) for row in rows),
        spearman=tuple(float(row["val_spearman"]) if row["val_spearman"] else None for row in rows),
        seconds=float(rows[-1]["seconds"]) if rows else 0.0,
    )


def read_rows(sweep: Sweep, study: Study | None = None) -> tuple[Row, ...]:
    """Return all trials, the best first, those without a correlation last."""
    from .study import open_study

    trials = (study or open_study(sweep)).get_trials(deepcopy=False)
    return best_first(_row(sweep, trial) for trial in trials)


def best_first(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return rows in the order of the table: by correlation, those without one last, then by number."""
    return tuple(sorted(rows, key=_place))


def _place(row: Row) -> tuple[bool, float, int]:
    best = row.curve.best
    return best is None, -(best or 0.0), row.number


def _row(sweep: Sweep, trial: FrozenTrial) -> Row:
    folder = sweep.trial_folder(trial.number)
    state = trial.state.name.lower()
    return Row(
        number=trial.number,
        state="failed" if state == "fail" else state,
        values=dict(trial.params),
        curve=curve(read_metrics(folder / NAME)),
        folder=str(folder.relative_to(sweep.folder)),
        reason=str(trial.user_attrs.get("reason", "")),
        synthetic=sweep.synthetic,
    )


def write_table(sweep: Sweep, study: Study | None = None) -> tuple[Row, ...]:
    """Write trials.csv anew and return its rows."""
    from .study import open_study

    study = study or open_study(sweep)  # which gives the lock back that it takes
    with sweep.lock():
        rows = read_rows(sweep, study)
        text = io.StringIO()
        keys = [parameter.key for parameter in sweep.parameters]
        writer = csv.DictWriter(text, [*COLUMNS, *keys, *LAST_COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_cells(row) for row in rows)
        with whole(sweep.folder / TABLE) as part:
            part.write_text(text.getvalue(), encoding="utf-8")
    return rows


def _cells(row: Row) -> dict[str, object]:
    found = row.curve
    return {
        "trial": row.number,
        "state": row.state,
        "val_spearman": "" if found.best is None else found.best,
        "best_epoch": "" if found.best_epoch is None else found.best_epoch,
        "epochs": len(found.epochs),
        "seconds": found.seconds,
        **row.values,
        "synthetic": row.synthetic,
        "folder": row.folder,
        "reason": row.reason,
    }


def to_text(rows: Sequence[Row]) -> str:
    """Return the table as it is printed."""
    keys = list(rows[0].values) if rows else []
    lines = [["trial", "state", "Spearman", "epoch", *(key.rpartition(".")[2] for key in keys)]]
    for row in rows:
        best = row.curve.best
        shown = ["undefined" if best is None else f"{best:.4f}", str(row.curve.best_epoch or "")]
        values = (_short(row.values.get(key, "")) for key in keys)
        lines.append([str(row.number), row.state, *shown, *values])
    told = ["", SYNTHETIC] if any(row.synthetic for row in rows) else []
    return "\n".join([*aligned(lines, left=range(len(lines[0]))), *told])


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
