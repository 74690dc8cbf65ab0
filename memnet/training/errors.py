"""What stops a training run."""

from __future__ import annotations

from converter.errors import CaffeError


class TrainingError(CaffeError):
    """A run that cannot begin, go on or be resumed; its checkpoints are left as they are."""
