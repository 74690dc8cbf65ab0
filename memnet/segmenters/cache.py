"""Maps of a frozen segmenter on disk, so that it sees each picture once and not once in every epoch.

A map is found by the SHA-256 of the pixels that the segmenter was fed, in a folder named after the SHA-256 of the
segmenter. Crops, mirrored pictures, changed files and other preprocessings have other pixels and so maps of their own:
there is nothing to invalidate, and a cached map is the one that would be computed.

    FOLDER/<segmenter, 16 digits>/segmenter.json
    FOLDER/<segmenter, 16 digits>/3f/3f9a...e1.map      zlib of (height, width) uint8, the class of each pixel

Each file is written under another name and renamed, so that any number of processes may share a folder and a run may
be stopped at any time. zlib's checksum tells a damaged map, which is made anew.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converter.errors import FileFormatError, InvalidNetError, OutputError
from converter.files.whole import whole

if TYPE_CHECKING:
    from torch import Tensor

    from .frozen import Frozen

Labels = np.ndarray[Any, np.dtype[np.uint8]]
Picture = np.ndarray[Any, np.dtype[np.float32]]

VERSION = 1
RECORD = "segmenter.json"
LEVEL = 1  # of zlib: maps have large areas of one class and shrink some twentyfold at once


class SegmentationCache:
    """Maps of one segmenter. Light: workers of a data loader may each have one.

    Raises:
        FileFormatError: the folder holds the maps of something else.
        OutputError: it cannot be made.
    """

    def __init__(self, folder: str | Path, fingerprint: str, num_classes: int) -> None:
        self.folder = Path(folder) / fingerprint[:16]
        self.num_classes = num_classes
        record = {
            "format": "segmentation-maps",
            "version": VERSION,
            "segmenter_sha256": fingerprint,
            "num_classes": num_classes,
        }
        path = self.folder / RECORD
        if not path.is_file():
            _write(path, (json.dumps(record, indent=2) + "\n").encode())
        if _read_record(path) != record:
            raise FileFormatError(
                f"{path}: is of another segmenter or version; give another folder for the cache"
            )

    def get(self, picture: Picture) -> Labels | None:
        """Return the map (H, W) of a picture (3, H, W); None where there is none, or a damaged one."""
        try:
            content = zlib.decompress(self._path(picture).read_bytes())
        except (OSError, zlib.error):
            return None
        labels = np.frombuffer(bytearray(content), np.uint8)  # a writable copy, as torch wants
        shape = picture.shape[1:]
        if labels.size != np.prod(shape) or labels.max(initial=0) >= self.num_classes:
            return None
        return labels.reshape(shape)

    def known(self, picture: Picture) -> Tensor:
        """Return the map of a picture as a tensor, or one that begins with 255 where there is none."""
        import torch

        from .frozen import UNKNOWN

        found = self.get(picture)
        if found is not None:
            return torch.from_numpy(found)
        return torch.full(picture.shape[1:], UNKNOWN, dtype=torch.uint8)

    def put(self, picture: Picture, labels: Labels) -> None:
        """Keep the map of a picture. Raises OutputError where the disk is full or refuses."""
        _write(self._path(picture), zlib.compress(np.ascontiguousarray(labels).tobytes(), LEVEL))

    def completed(self, segmenter: Frozen, data: Tensor, known: Tensor) -> Tensor:
        """Return the maps (N, H, W) of a batch (N, 3, H, W): `known`, and where one begins with 255, made and kept."""
        from .frozen import UNKNOWN

        unknown = known[:, 0, 0] == UNKNOWN
        if not unknown.any():
            return known
        made = segmenter.labels(data[unknown])
        pictures = data[unknown].float().cpu().numpy()
        for picture, labels in zip(pictures, made.cpu().numpy(), strict=True):
            self.put(picture, labels)
        maps = known.clone()
        maps[unknown] = made
        return maps

    def _path(self, picture: Picture) -> Path:
        shape = f"{picture.shape} ".encode()
        key = hashlib.sha256(shape + np.ascontiguousarray(picture, "<f4").tobytes()).hexdigest()
        return self.folder / key[:2] / f"{key}.map"


def open_cache(folder: str | Path, segmenter: Frozen) -> SegmentationCache:
    """Return the cache of a frozen segmenter. Raises InvalidNetError where its maps are no classes."""
    if segmenter.maps != "one-hot":
        raise InvalidNetError(
            f"the cache holds one class for each pixel; maps are {segmenter.maps!r}: take 'one-hot', or no cache"
        )
    return SegmentationCache(folder, segmenter.fingerprint(), segmenter.num_classes)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise OutputError(
            f"{path.parent}: the map cache cannot be written ({error.strerror}); make room, "
            "give another folder, or train without the cache"
        ) from error


def _read_record(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError(
            f"{path}: cannot be read ({error}); remove it, and the cache writes it anew"
        ) from error
