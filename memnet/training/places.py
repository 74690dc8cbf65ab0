"""Where a run's checkpoints lie in its folder; loads nothing."""

from __future__ import annotations

CHECKPOINTS = "checkpoints"
LAST = "last.ckpt"
BEST = "best.ckpt"
