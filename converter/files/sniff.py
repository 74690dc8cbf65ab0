"""What a file is, from its content: suffixes of downloaded models are often wrong.

`identify` looks at the first 64 KiB of a file (of a binary message: at the tags of its first
fields, wherever they lie) and gives it a `Kind`; `describe` turns that into a phrase with the next
step. Beside what Caffe writes it knows the commonest things that arrive in place of a model.
"""

from __future__ import annotations

import re
from mmap import ACCESS_READ, mmap
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from ..errors import FileFormatError
from .kinds import Kind
from .message_kind import learned_net, message_kind
from .text_kind import text_kind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Kind", "describe", "identify"]

_HEAD = 1 << 16


def identify(path: str | Path) -> Kind:
    """What `path` is, from its content alone. Never raises for what it may find there."""
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            return Kind.DIRECTORY
        return _of_file(path) if S_ISREG(mode) else Kind.SPECIAL
    except (FileNotFoundError, NotADirectoryError):
        return Kind.MISSING
    except OSError:
        return Kind.UNREADABLE


def describe(kind: Kind, path: str | Path | None = None) -> str:
    """What such a file is and what to do next; with `path`, also what that very file says."""
    detail = _DETAILS.get(kind)
    said = detail(_head(Path(path))) if detail and path is not None else ""
    return f"{kind.value} ({said})" if said else kind.value


def _of_file(path: Path) -> Kind:
    head = _head(path)
    if not head:
        return Kind.EMPTY
    return _by_signature(head, path) or text_kind(head) or _by_message(path) or Kind.UNKNOWN


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"version https://git-lfs.github.com/spec/", Kind.LFS_POINTER),
    (b"\x93NUMPY", Kind.NPY),
    (b"MATLAB 5.0 MAT-file", Kind.MAT),
    (b"MATLAB 7.3 MAT-file", Kind.MAT),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP2),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"\xff\xfe", Kind.UTF16),
    (b"\xfe\xff", Kind.UTF16),
)


def _by_signature(head: bytes, path: Path) -> Kind | None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    for fits, decide in _STRUCTURES:
        if fits(head):
            return decide(head, path)
    return None


def _zip(head: bytes, _: Path) -> Kind:
    """By the name of the first member: torch.save writes `<name>/data.pkl` first."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith((b"/data.pkl", b"/version", b"/byteorder", b"/.format_version")):
        return Kind.PYTORCH
    return Kind.NPZ if name.endswith(b".npy") else Kind.ZIP


def _pickle(head: bytes, _: Path) -> Kind:
    """Old torch.save files begin with a pickled magic number."""
    magic = bytes.fromhex("6cfc9c46f9206aa85019")
    return Kind.PYTORCH if magic in head[:32] else Kind.PICKLE


def _hdf5(_: bytes, path: Path) -> Kind:
    from .hdf5 import top_members

    try:
        members = top_members(path)
    except FileFormatError:
        return Kind.HDF5_DAMAGED
    if members.get("data") == "group":
        return Kind.HDF5_WEIGHTS
    return Kind.HDF5_SOLVER_STATE if {"history", "iter"} <= members.keys() else Kind.HDF5


def _by_message(path: Path) -> Kind | None:
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
        return message_kind(mapped)


def _is_hdf5(head: bytes) -> bool:
    """The signature is at 0, or after a user block of 512 bytes, 1024 and so on."""
    places = (0, *(512 << power for power in range(8)))
    return any(head.startswith(b"\x89HDF\r\n\x1a\n", place) for place in places)


def _is_safetensors(head: bytes) -> bool:
    return head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") < 1 << 32


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def _is_bmp(head: bytes) -> bool:
    return head.startswith(b"BM") and head[6:10] == bytes(4)


def _always(kind: Kind) -> Callable[[bytes, Path], Kind]:
    return lambda _head, _path: kind


_STRUCTURES: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, Path], Kind]], ...] = (
    (lambda head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")), _zip),
    (_is_safetensors, _always(Kind.SAFETENSORS)),  # before pickle: a length may begin with its byte
    (lambda head: head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05", _pickle),
    (lambda head: head[257:262] == b"ustar", _always(Kind.TAR)),
    (_is_hdf5, _hdf5),
    (_is_webp, _always(Kind.IMAGE)),
    (_is_bmp, _always(Kind.IMAGE)),
)


def _pointer(head: bytes) -> str:
    found = re.findall(rb"^(oid|size) (\S{1,80})$", head[:1024], re.MULTILINE)
    return ", ".join(f"{key.decode()} {value.decode('ascii', 'replace')}" for key, value in found)


def _page_title(head: bytes) -> str:
    found = re.search(rb"<title[^>]*>\s*([^<]{1,200}?)\s*</title", head, re.IGNORECASE)
    return f'"{found[1].decode("utf-8", "replace")}"' if found else ""


def _answer(head: bytes) -> str:
    return " ".join(head[:120].decode("utf-8", "replace").split())


def _solver_nets(head: bytes) -> str:
    found = re.findall(
        rb"^\s*((?:train_|test_)?net)\s*:\s*(\"[^\"\n]{1,200}\")", head, re.MULTILINE
    )
    return ", ".join(f"{key.decode()}: {value.decode('utf-8', 'replace')}" for key, value in found)


def _learned_net(head: bytes) -> str:
    name = learned_net(head)
    return f"it names {name!r}" if name else ""


_DETAILS: dict[Kind, Callable[[bytes], str]] = {
    Kind.LFS_POINTER: _pointer,
    Kind.HTML: _page_title,
    Kind.JSON: _answer,
    Kind.XML: _answer,
    Kind.TEXT_SOLVER: _solver_nets,
    Kind.SOLVER_STATE: _learned_net,
}
