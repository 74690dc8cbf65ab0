"""Proving that a port computes what its Caffe model computed.

    report = validation.check_parity("memnet.caffemodel", "deploy.prototxt", against=("reference", "opencv"))

Weights are compared first, bit for bit; then every blob, with each back end that can be run. What was not run is
reported as "not run", never as passed. Importing this package loads neither torch nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

if TYPE_CHECKING:
    from .parity import check_parity
    from .report import Check, Report
    from .traces import Trace

__all__ = ["Check", "Report", "Trace", "check_parity"]

_HOMES = {"Check": "report", "Report": "report", "Trace": "traces", "check_parity": "parity"}

if not TYPE_CHECKING:  # a type checker shall know the names above alone
    __getattr__ = names_from(__name__, _HOMES)
