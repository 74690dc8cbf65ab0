"""What a run has cost: wall time, and the most memory that the process has held."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

from .report import Cost


def cost_since(began: float) -> Cost:
    """Return the cost since `began`, a value of `time.perf_counter`."""
    return Cost(seconds=perf_counter() - began, peak_bytes=_peak())


def _peak() -> int:
    """Return the process's largest resident size in bytes; 0 where the system does not say."""
    if sys.platform == "linux":  # ru_maxrss begins with that of the process that started this one
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:  # pragma: no cover (Windows)
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
