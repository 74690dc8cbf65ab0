"""Memory that the process keeps for the next batch, instead of handing it back and having it cleared again."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_BLOB = 1 << 30
_NEVER = (1 << 31) - 1


def keep_freed_memory() -> None:
    """Let malloc reuse the blobs of a batch for those of the next; for a process whose work is scoring.

    By default glibc gives blobs of some megabytes back at once, and the kernel clears their pages again for the next
    batch: about a tenth of the time of scoring, during which threads wait for one another. The process is as large
    as its largest batch either way. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGEST_BLOB)
        mallopt(_TRIM_THRESHOLD, _NEVER)
