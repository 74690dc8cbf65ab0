"""Back ends by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..net.network import REFERENCE
from ..traces import Backend, NotRunError

if TYPE_CHECKING:
    from converter.conversion import Conversion

AGAINST = (REFERENCE, "opencv", "caffe")


def find_back_end(
    name: str, conversion: Conversion, python: str | None, *, as_read: bool
) -> Backend:
    """Return a back end by its name. Raises NotRunError where there is none of that name."""
    if name == "opencv":
        from .opencv import opencv_backend

        return opencv_backend(conversion)
    if name == "caffe":
        from .caffe import caffe_backend

        return caffe_backend(conversion, python=python, as_read=as_read)
    known = ", ".join(AGAINST)
    raise NotRunError(f"no such back end; known: {known}, or a recorded .npz, .h5 or .csv")
