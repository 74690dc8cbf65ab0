"""What stops a training run."""

from __future__ import annotations

from converter.errors import CaffeError


class TrainingError(CaffeError):
    """A run that cannot begin, go on or be resumed; its checkpoints are left as they are."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came, as a scheduler sends it before it ends a process; the run can be resumed."""
