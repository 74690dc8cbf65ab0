"""`FileLock`: held by one process at a time and gone with it, however it ends.

A POSIX record lock: neither a child process nor a file that was left behind holds it, so that what is locked is alive.
It works over NFS. A process does not lock itself out.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """Lock a file, which is made where it is missing. As Optuna's locks it has `acquire` and `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._open()
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        return True

    def acquire_at_once(self) -> bool:
        """Return whether the lock is free, and then ours."""
        self._open()
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._file)
        self._file = -1

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
