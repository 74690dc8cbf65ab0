"""`load_data`: a data set named as on a command line, `lamem:ROOT`, `memcat:ROOT`, `faces:ROOT` or `csv:FILE`."""

from __future__ import annotations

from converter.errors import FileFormatError

from .dataset import DataSet
from .faces import load_faces
from .lamem import load_lamem
from .memcat import load_memcat
from .table import load_csv

KINDS = ("lamem", "memcat", "memcat-corrected", "faces", "csv")


def load_data(
    spec: str, split: str = "", *, allow_missing: bool = False, check_images: bool = True
) -> DataSet:
    """Return the data set of `KIND:PATH`; `memcat-corrected` is MemCat with false alarms taken off.

    `split` is LaMem's, by default `test_1`; for a CSV it is what the table is used as. The others have none.

    Raises:
        FileFormatError: another kind, a split where there is none, or what the loader finds wrong.
    """
    kind, _, path = spec.partition(":")
    if kind not in KINDS or not path:
        raise FileFormatError(
            f"data {spec!r} is not KIND:PATH, such as lamem:DIR; the kinds are {', '.join(KINDS)}"
        )
    if split and kind not in {"lamem", "csv"}:
        raise FileFormatError(f"data {spec!r} has no splits, found split {split!r}; leave it out")
    if kind == "lamem":
        return load_lamem(
            path, split or "test_1", allow_missing=allow_missing, check_images=check_images
        )
    if kind == "csv":
        return load_csv(path, split=split, allow_missing=allow_missing, check_images=check_images)
    if kind == "faces":
        return load_faces(path, allow_missing=allow_missing, check_images=check_images)
    corrected = kind == "memcat-corrected"
    return load_memcat(
        path, corrected=corrected, allow_missing=allow_missing, check_images=check_images
    )
