"""`convert`: writes the folder of a converted model, all of it or nothing.

The folder is made under another name beside its place and renamed, so that an error, a full disk or an interrupt
leaves nothing behind. No torch is imported on this path.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from .card import model_card
from .conversion import Conversion, prepare
from .errors import OutputError, context
from .files.digest import sha256_of
from .files.safetensors import write_safetensors
from .formats import check_formats
from .reading import Reading
from .record import RECORD, conversion_record
from .source import to_source
from .state import state_dict


def convert(
    model: str | Path | None,
    *,
    prototxt: str | Path | None = None,
    mean: str | Path | None = None,
    out: str | Path | None = None,
    formats: Iterable[str] = ("safetensors",),
    allow_missing: bool = False,
    initialize: int | None = None,
    force: bool = False,
    durable: bool = False,
    sha256: bool = False,
    **reading: Unpack[Reading],
) -> Path:
    """Convert a Caffe model and write its folder; returns the folder, by default `<stem>_torch`.

    `formats` may add `onnx` and `pt2` to source and safetensors; both are compared with the module (docs/exports.md).
    `force` replaces a folder that an earlier conversion wrote; `durable` waits until the files are on the disk;
    `sha256` records the model's hash. The other arguments are those of `load`.

    Raises:
        FileFormatError, InvalidNetError, UnsupportedError, WeightsError: with file, layer, found and expected.
        OutputError: the folder exists or cannot be written, or an exported file differs from the module.
    """
    formats = check_formats(formats)
    conversion = prepare(
        model,
        prototxt,
        mean,
        allow_missing=allow_missing,
        initialize=initialize,
        **reading,
    )
    folder = Path(out) if out is not None else default_folder(conversion)
    write_folder(conversion, folder, formats=formats, force=force, durable=durable, sha256=sha256)
    return folder


def default_folder(conversion: Conversion) -> Path:
    """Return `<stem>_torch` in the current directory."""
    source = conversion.model or conversion.prototxt
    assert source is not None  # noqa: S101 (prepare has looked)
    return Path(f"{source.name.split('.')[0] or 'net'}_torch")


def write_folder(
    conversion: Conversion,
    folder: Path,
    *,
    formats: tuple[str, ...] = ("safetensors",),
    force: bool = False,
    durable: bool = False,
    sha256: bool = False,
) -> Conversion:
    """Write a prepared conversion; returns it with what was exported. Raises CaffeError and leaves nothing behind."""
    with context(str(folder)):
        check_free(folder, force=force)
        try:
            temporary = Path(
                tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent)
            )
        except OSError as error:
            raise OutputError(
                f"cannot be written: {error.strerror}; choose another place with -o"
            ) from error
        try:
            conversion = _write_files(conversion, temporary, formats, sha256=sha256)
            temporary.chmod(0o777 & ~_umask())
            if durable:
                _sync(temporary)
            _replace(temporary, folder)
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}; nothing was kept") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return conversion


def check_free(folder: Path, *, force: bool) -> None:
    """Refuse a folder that exists, unless it may be replaced and holds a conversion."""
    if not (folder.exists() or folder.is_symlink()):
        return
    with context(str(folder)):
        if not force:
            raise OutputError("exists; choose another folder with -o, or replace it with --force")
        if folder.is_symlink():
            raise OutputError("is a link, which --force keeps; name the folder that it leads to")
        if not (folder / RECORD).is_file():
            raise OutputError(
                f"exists and holds no {RECORD}: not a conversion, so --force keeps it"
            )


def _write_files(
    conversion: Conversion, folder: Path, formats: tuple[str, ...], *, sha256: bool
) -> Conversion:
    digest = sha256_of(conversion.model) if sha256 and conversion.model is not None else None
    source = to_source(conversion.lowering.program)
    (folder / "model.py").write_text(source, encoding="utf-8")
    state = state_dict(conversion.net, conversion.lowering, conversion.bound)
    label = {
        "source": conversion.model.name if conversion.model else "",
        "class": conversion.lowering.program.class_name,
    }
    if conversion.bound.untrained:
        label["weights"] = conversion.bound.untrained
    write_safetensors(folder / "model.safetensors", state, conversion.weights, label)
    for name, content in (
        conversion.preprocess.to_files() if conversion.preprocess else {}
    ).items():
        (folder / name).write_bytes(content)
    conversion = _exported(conversion, folder, formats)
    (folder / RECORD).write_text(conversion_record(conversion, digest), encoding="utf-8")
    (folder / "README.md").write_text(model_card(conversion), encoding="utf-8")
    return conversion


def _exported(conversion: Conversion, folder: Path, formats: tuple[str, ...]) -> Conversion:
    """Write the other formats, if any, and note what they cannot do that the module can."""
    if not set(formats) - {"safetensors"}:
        return conversion
    from .exports.write import write_exports  # torch, and for ONNX its packages

    exports = write_exports(conversion, folder, formats)
    fixed = dict.fromkeys(blob for export in exports for blob in export.fixed)
    files = " and ".join(export.files[0] for export in exports)
    notes = []
    if fixed:
        sizes = ", ".join(f"{blob} at {conversion.net.shapes[blob][0]}" for blob in fixed)
        notes.append(f"{files} have a fixed first axis, because the net has: {sizes}")
    if any(layer.stateful for layer in conversion.net.layers):
        notes.append(f"{files} carry no state: each run begins as after `reset()`")
    return replace(conversion, exports=exports, notes=conversion.notes + tuple(notes))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replace(temporary: Path, folder: Path) -> None:
    """Put the new folder in its place; an old one goes only after the new one stands."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = (
        Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.absolute().parent))
        / folder.name
    )
    folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)
