"""Where a model comes from: what it was trained on, and which test images it has therefore seen.

Images are told apart by data set and name. Where only a data set is known, not which of its images, every cell on that
set is marked: a mark too many costs a second look, one too few a wrong conclusion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from converter.errors import CaffeError, FileFormatError, context

from ..choice import Choice, sha256
from ..data import DataSet, Item
from ..networks.trained import RECORD, SEEN, WEIGHTS, read_record, trained_folder

CORRECTED = ", false alarms taken off"
"""MemCat's scores with and without have the same images."""

UNKNOWN = "not known"

_KINDS = {"faces": "10k US Adult Faces", "memcat-corrected": "MemCat"}
"""What `--data` calls otherwise than the tables do; letters do not count."""

_MEMNET = (
    "perhaps seen in training: the published MemNet was trained on one of LaMem's five splits, it is not known which; "
    "training and validation images of one split are about 83 of 100 test images of another"
)
_RESMEM = (
    "seen in training: ResMem was trained on all of LaMem and MemCat but 5,000 images, "
    "it is not known which"
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is known about a model's training."""

    trained_on: str = UNKNOWN
    weights_sha256: str | None = None
    untrained: bool = False
    images: frozenset[str] = frozenset()
    """`DATASET/NAME` of each image seen, where they are known by name."""
    told: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Data set -> what is said of it, where they are not. Never said of synthetic data, which bear the names alone."""
    stated: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The same as a user says it, in small letters, and of whatever data."""

    def seen(self, data: DataSet, items: Sequence[Item], called: str = "") -> str | None:
        """Return what there is to say of these images, or None where none was seen as far as is known.

        `called` is the set's name in the table, where that is another than its own.
        """
        home = data.name.removesuffix(CORRECTED)
        count = sum(f"{home}/{item.name}" in self.images for item in items)
        if count:
            return f"seen in training: {count:,} of {len(items):,} images"
        told = None if data.synthetic else self.told.get(home)
        said = (self.stated.get(name.lower()) for name in (home, called))
        return told or next(filter(None, said), None) or self._alike(home, items)

    def _alike(self, home: str, items: Sequence[Item]) -> str | None:
        """Return what the names of images of other data sets tell: a table of one's own may list the same files."""
        names = [image.partition("/")[::2] for image in self.images]
        others = {name: data for data, name in names if data != home}
        tails = {tail: data for name, data in others.items() for tail in _tails(name)}
        found = [
            next(
                filter(None, (others.get(tail) for tail in _tails(item.name))), tails.get(item.name)
            )
            for item in items
        ]
        count = sum(data is not None for data in found)
        if not count:
            return None
        where = " and ".join(sorted({data for data in found if data is not None}))
        return f"perhaps seen in training: {count:,} of {len(items):,} images are called as images of {where} that were"


def _tails(name: str) -> Iterator[str]:
    """Yield `a/b.jpg` and `b.jpg` of `a/b.jpg`."""
    parts = name.split("/")
    return ("/".join(parts[at:]) for at in range(len(parts)))


def origin_of(choice: Choice) -> Origin:
    """Return the origin of weights. Raises FileFormatError where a training run's record is damaged."""
    path = choice.path
    if (home := trained_folder(path)) is not None:
        return of_run(home)
    if choice.is_resmem:
        return _of_resmem(path)
    return _of_memnet(path)


def of_run(home: Path) -> Origin:
    """Return what a training run recorded, and what the weights that it started from had seen before."""
    record = read_record(home)
    with context(str(home / RECORD)):
        try:
            parts = [_part(each) for each in record["trained_on"]]
        except (KeyError, TypeError) as error:
            raise FileFormatError(f"does not say what was trained on ({error!r})") from error
    images = read_seen(home / SEEN, record.get("seen_sha256"))
    before, start = _before(record.get("start"))
    return Origin(
        trained_on=(" + ".join(parts) or UNKNOWN) + start,
        weights_sha256=_sha256(home / WEIGHTS),
        images=images | before.images,
        told=before.told,
    )


def _part(record: Mapping[str, object]) -> str:
    label = f"{record['data']} {record.get('split') or ''}".rstrip()
    return f"{label}, SYNTHETIC" if record.get("synthetic") else label


def _before(start: object) -> tuple[Origin, str]:
    """Return the origin of the weights that a run began with, and a phrase that names them.

    A run writes what its start had told; in records of before it did, the weights themselves are asked.
    """
    weights = start.get("weights") if isinstance(start, Mapping) else None
    if not weights or not isinstance(start, Mapping):
        return Origin(), ""
    found = _kept(start) or seen_before(str(weights))
    doubt = found.trained_on == UNKNOWN and start.get("output", True)
    return found, f", from {Path(str(weights)).name}" + (f" ({UNKNOWN})" if doubt else "")


def _kept(start: Mapping[str, Any]) -> Origin | None:
    if "told" not in start:
        return None
    return Origin(trained_on=start["trained_on"], told=start["told"])


def seen_before(weights: str) -> Origin:
    """Return the origin of weights to begin with: also of a file in a run's folder; unknown where they are gone."""
    try:
        path = Path(weights)
        if path.is_file() and (path.parent / RECORD).is_file():
            return of_run(path.parent)
        return origin_of(Choice(model=weights))
    except (CaffeError, OSError):
        return Origin()


def read_seen(path: Path, digest: object = None) -> frozenset[str]:
    """Return the lines `DATASET/NAME` of a file. Raises FileFormatError where it cannot be read, or was changed."""
    with context(str(path)):
        try:
            content = path.read_bytes()
            lines = content.decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(
                f"the list of images seen in training cannot be read ({error})"
            ) from error
        if digest is not None and hashlib.sha256(content).hexdigest() != digest:
            raise FileFormatError("is not the list that the training run wrote; train again")
    return frozenset(line.replace(f"{CORRECTED}/", "/", 1) for line in lines if line.strip())


def declared(text: str, trained_on: str | None = None) -> Origin:
    """Return the origin that a user states: a file like a run's `seen.txt`, or names of data sets, comma between."""
    if Path(text).is_file():
        return Origin(trained_on=trained_on or Path(text).name, images=read_seen(Path(text)))
    if "/" in text or text.endswith(".txt"):
        raise FileFormatError(f"--seen {text}: there is no such file")
    names = [name.strip() for name in text.split(",")]
    said = "seen in training: as --seen says, all images may have been"
    stated = dict.fromkeys((_KINDS.get(name.lower(), name).lower() for name in names), said)
    return Origin(trained_on=trained_on or " + ".join(names), stated=stated)


def _of_resmem(path: Path) -> Origin:
    from ..networks.resmem import SHA256

    digest = _sha256(path)
    if digest != SHA256:
        return Origin(weights_sha256=digest)
    return Origin(
        trained_on="LaMem + MemCat",
        weights_sha256=digest,
        told=dict.fromkeys(("LaMem", "MemCat"), _RESMEM),
    )


def _of_memnet(path: Path) -> Origin:
    from ..published import Origin as File
    from ..published import recognise

    digest = sha256(path)
    if path.is_dir():
        return _of_folder(path, digest)
    found = recognise(path, sha256=True)
    if "untrained" in found.evidence.lower():
        return Origin(trained_on="nothing", weights_sha256=digest, untrained=True)
    if found.origin is File.PUBLISHED:
        return _published(digest)
    return Origin(weights_sha256=digest)


def _of_folder(folder: Path, digest: str) -> Origin:
    """Return the origin of a converted folder, whose record has the caffemodel's size, and its hash on request."""
    from ..published import BYTES, SHA256

    record = folder / "conversion.json"
    text = record.read_text(encoding="utf-8") if record.is_file() else ""
    if "UNTRAINED" in text:
        return Origin(trained_on="nothing", weights_sha256=digest, untrained=True)
    if SHA256 in text or f'"bytes": {BYTES}' in text:
        return _published(digest)
    return Origin(weights_sha256=digest)


def _published(digest: str) -> Origin:
    return Origin(trained_on="LaMem, one split", weights_sha256=digest, told={"LaMem": _MEMNET})


@cache
def _sha256(path: Path) -> str:
    return sha256(path)
