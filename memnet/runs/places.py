"""Files and folders by path or URI (`s3://bucket/...`), through pyarrow's file systems."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from converter.errors import OutputError

from .outputs import parquet


class Place:
    """A path on some file system; `absolute` means the same on every machine that mounts it alike."""

    def __init__(self, where: str) -> None:
        parquet()  # says what to install where pyarrow is absent
        from pyarrow import fs

        self.absolute = where if "://" in where else str(Path(where).absolute())
        self.filesystem: Any
        self.path: str
        if "://" in where:
            self.filesystem, self.path = fs.FileSystem.from_uri(where)
        else:
            self.filesystem, self.path = fs.LocalFileSystem(), self.absolute

    def make_folder(self) -> None:
        """Create the folder. Raises OutputError."""
        try:
            self.filesystem.create_dir(self.path, recursive=True)
        except OSError as error:
            raise OutputError(f"{self.absolute}: cannot be created ({error})") from error

    def names(self) -> set[str]:
        """Return the names in the folder; none where it does not exist."""
        from pyarrow import fs

        found = self.filesystem.get_file_info(fs.FileSelector(self.path, allow_not_found=True))
        return {one.base_name for one in found}

    def read(self, name: str) -> bytes:
        """Return the bytes of a file in the folder."""
        with self.filesystem.open_input_stream(f"{self.path}/{name}") as file:
            data: bytes = file.read()
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file in the folder under another name, then rename it: it is complete or absent."""
        temporary = f"{self.path}/.{name}.{os.getpid()}-{uuid.uuid4().hex}.tmp"
        try:
            with self.filesystem.open_output_stream(temporary) as file:
                file.write(data)
            self.filesystem.move(temporary, f"{self.path}/{name}")
        except BaseException:
            self._forget(temporary)
            raise

    def remove(self, name: str) -> None:
        """Remove a file in the folder."""
        self.filesystem.delete_file(f"{self.path}/{name}")

    def _forget(self, path: str) -> None:
        from contextlib import suppress

        with suppress(OSError):
            self.filesystem.delete_file(path)
