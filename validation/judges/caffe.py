"""Caffe itself as a back end: pycaffe in a process of its own, where it can be imported.

Its process runs what `parity-check record` prints, so a recording made elsewhere and a judgment made here have one
path. A process of its own, for pycaffe's protobuf schema and ours cannot live in one, and Caffe ends its process where
it refuses something.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..traces import Backend, NotRunError, Trace
from .record import script
from .recording import load_recording

if TYPE_CHECKING:
    from converter.conversion import Conversion

PYTHON = "CAFFE_PYTHON"
"""Environment variable: the Python that can `import caffe`."""
NOT_IMPORTABLE = 3
"""The script's exit code where it cannot."""


def caffe_backend(
    conversion: Conversion, *, python: str | None = None, as_read: bool = True
) -> Backend:
    """Return Caffe as a back end; raises NotRunError when run, where pycaffe cannot be imported or refuses the model.

    `python` starts the interpreter, by default $CAFFE_PYTHON, else this one. `as_read` tells that the prototxt is
    read with its defaults (phase, stages, input shape), so that Caffe is given the file itself; otherwise it is given
    the net's layers as V2 text.
    """

    def run(inputs: Trace) -> Trace:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = [python or os.environ.get(PYTHON) or sys.executable, "record.py"]
            command += _files(conversion, inputs, folder, as_read=as_read)
            (folder / "record.py").write_text(script(), encoding="utf-8")
            arrays: dict[str, Any] = {f"in/{blob}": array for blob, array in inputs.items()}
            np.savez(folder / "inputs.npz", **arrays)
            _run([*command, "--inputs", "inputs.npz", "-o", "recorded.npz"], folder)
            recording = load_recording(folder / "recorded.npz")
            return {**recording.inputs, **recording.outputs}

    return run


def _files(conversion: Conversion, inputs: Trace, folder: Path, *, as_read: bool) -> list[str]:
    """Return the net's text and the model, under names by which Caffe knows their formats."""
    from .opencv import v2_text

    text = conversion.prototxt
    if text is None or not as_read:
        text = folder / "deploy.prototxt"
        text.write_text(v2_text(conversion, inputs), encoding="utf-8")
    found = [str(text.resolve())]
    weights = conversion.weights
    if weights is not None:
        model = folder / ("model.h5" if weights.format == "HDF5" else "model.caffemodel")
        model.symlink_to(weights.path.resolve())
        found.append(model.name)
    return found


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603 (the user's Python)
    except OSError as error:
        raise NotRunError(f"{command[0]} cannot be started: {error.strerror or error}") from error
    if done.returncode == 0:
        return
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if done.returncode == NOT_IMPORTABLE:
        why = said[-1] if said else "cannot import caffe"
        raise NotRunError(
            f"{command[0]}: {why}; give --caffe-python or {PYTHON}, or record elsewhere with `parity-check record`"
        )
    fatal = next((line for line in said if "Check failed" in line or line[:1] == "F"), "")
    raise NotRunError(
        f"Caffe stopped ({done.returncode}): {fatal or (said or ['it said nothing'])[-1]}"
    )
