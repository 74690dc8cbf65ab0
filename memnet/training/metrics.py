"""metrics.csv: a row for every so many steps and for every validation; a resumed run goes on at its checkpoint's."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from converter.files.whole import whole

from .validation import Validation

COLUMNS = ("epoch", "step", "lr", "loss", "val_mse", "val_spearman", "val_sd", "seconds")
NAME = "metrics.csv"


class Metrics:
    """Appends rows. With `step`, the rows after that step are dropped first: they will be computed again."""

    def __init__(self, path: Path, *, step: int = 0) -> None:
        rows = [row for row in read_metrics(path) if int(row["step"]) <= step] if step else []
        before = float(rows[-1]["seconds"]) if rows else 0.0
        self._begin = time.monotonic() - before
        with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        self.path = path

    def add_step(self, epoch: int, step: int, lr: float, loss: float) -> None:
        """Write the loss of a step."""
        self._add({"epoch": epoch, "step": step, "lr": lr, "loss": loss})

    def add_validation(self, found: Validation, lr: float) -> None:
        """Write an epoch's figures; the loss is the mean over the epoch."""
        self._add(
            {
                "epoch": found.epoch,
                "step": found.step,
                "lr": lr,
                "loss": found.loss,
                "val_mse": found.mse,
                "val_spearman": "" if found.spearman is None else found.spearman,
                "val_sd": found.sd,
            }
        )

    @property
    def seconds(self) -> float:
        """How long the run has taken, interruptions not counted."""
        return time.monotonic() - self._begin

    def _add(self, row: dict[str, object]) -> None:
        text = io.StringIO()
        row["seconds"] = f"{self.seconds:.1f}"
        csv.DictWriter(text, COLUMNS, lineterminator="\n").writerow(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text.getvalue())


def read_metrics(path: Path) -> list[dict[str, str]]:
    """Return the rows; a last line that an interruption cut short is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    whole = text[: text.rfind("\n") + 1]
    return list(csv.DictReader(io.StringIO(whole)))
