"""`FileLock` and `alone`: held by one process at a time and gone with it, however it ends.

A POSIX record lock: neither a child process nor a file that was left behind holds it, so that what is locked is alive.
It works over NFS. A process does not lock itself out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from converter.errors import OutputError


class FileLock:
    """Lock a file, which is made where it is missing. As Optuna's locks it has `acquire` and `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        import fcntl  # which Windows has not

        self._open()
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        return True

    def acquire_at_once(self) -> bool:
        """Return whether the lock is free, and then ours."""
        import fcntl

        while not self._stands():  # its last holder may have removed the file that we opened
            self.release()
            self._open()
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.release()
                return False
        return True

    def _stands(self) -> bool:
        """Whether the file that is open is the one at the path."""
        try:
            return self._file >= 0 and os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock back, if it is ours."""
        if self._file >= 0:
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


@contextmanager
def alone(path: Path, place: Path) -> Iterator[None]:
    """Keep other processes from writing to `place` by a lock at `path`, a file that is removed at the end.

    Where there are no locks, as on Windows and some network file systems, nobody is kept out.

    Raises:
        OutputError: another process holds the lock, or its file cannot be made.
    """
    lock = FileLock(path)
    try:
        free = sys.platform == "win32" or lock.acquire_at_once()
    except OSError as error:
        if not path.exists():
            raise OutputError(f"{place}: cannot be written ({error.strerror})") from error
        free = True  # a file system without locks
    if not free:
        raise OutputError(
            f"{place}: another run is writing to it; wait for that one, or take another --out"
        )
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()
