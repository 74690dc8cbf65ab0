"""Memorability data sets: LaMem, MemCat, the 10k US Adult Faces, any CSV, and generated stand-ins for each.

    from memnet.data import load_data
    test = load_data("lamem:/data/lamem", split="test_1")
    scores = memnet.predict(model, test.paths)

Loading reads tables and looks for the images' files; no image is decoded. Everything that is wrong with a data set is
reported at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .dataset import DataSet, Item
    from .faces import load_faces
    from .generated import Generated, generate
    from .lamem import load_lamem
    from .memcat import load_memcat
    from .spec import load_data
    from .table import load_csv

__all__ = [
    "DataSet",
    "Generated",
    "Item",
    "generate",
    "load_csv",
    "load_data",
    "load_faces",
    "load_lamem",
    "load_memcat",
]

_HOMES = {
    "DataSet": "dataset",
    "Generated": "generated",
    "Item": "dataset",
    "generate": "generated",
    "load_csv": "table",
    "load_data": "spec",
    "load_faces": "faces",
    "load_lamem": "lamem",
    "load_memcat": "memcat",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
