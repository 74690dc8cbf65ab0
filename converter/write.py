"""`convert`: writes the folder of a converted model, all of it or nothing.

The folder is made under another name beside its place and renamed, so that an error, a full disk or an interrupt
leaves nothing behind. No torch is imported on this path.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .bind import Bound, bind
from .card import model_card
from .errors import InvalidNetError, OutputError, context
from .files.mean import load_mean
from .files.safetensors import write_safetensors
from .formats import Exported, check_formats
from .lower import Lowering, lower
from .net import InputShape, Net, load_net
from .preprocess import Preprocess
from .record import conversion_record
from .source import to_source
from .state import state_dict
from .weights import Weights, load_weights

RECORD = "conversion.json"


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A model that is ready to be written."""

    model: Path | None
    prototxt: Path | None
    net: Net
    weights: Weights | None
    lowering: Lowering
    bound: Bound
    preprocess: Preprocess | None
    notes: tuple[str, ...]
    """What a user should know: warnings of reading, layers filled or left out, guesses about the preprocessing."""
    exports: tuple[Exported, ...] = ()
    """What was written beside source and safetensors; known once the folder is."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files in the folder."""
        preprocessing = self.preprocess.to_files() if self.preprocess is not None else {}
        exported = (name for export in self.exports for name in export.files)
        return ("model.py", "model.safetensors", *exported, *preprocessing, RECORD, "README.md")


def prepare(
    model: str | Path | None,
    prototxt: str | Path | None = None,
    mean: str | Path | None = None,
    *,
    phase: str = "TEST",
    stages: Iterable[str] = (),
    level: int = 0,
    input_shape: InputShape = None,
    dialect: str | None = None,
    allow_missing: bool = False,
    initialize: int | None = None,
    fully_convolutional: bool = False,
) -> Conversion:
    """Read, check and lower a model; the arguments are those of `load`, and `mean` a mean file."""
    text = prototxt if prototxt is not None else model
    if text is None:
        raise InvalidNetError("neither a model nor a prototxt is given")
    weights = load_weights(model) if model is not None else None
    net = load_net(
        text,
        phase=phase,
        stages=tuple(stages),
        level=level,
        input_shape=input_shape,
        dialect=dialect,
    )
    if fully_convolutional:
        from .convolutional import to_fully_convolutional

        with context(str(text)):
            net = to_fully_convolutional(net)
    lowering = lower(net)
    with context(str(model or prototxt)):
        bound = bind(net, weights, allow_missing=allow_missing, seed=initialize)
    preprocess, guesses = find_preprocess(net, mean)
    return Conversion(
        model=Path(model) if model is not None else None,
        prototxt=Path(prototxt) if prototxt is not None else None,
        net=net,
        weights=weights,
        lowering=lowering,
        bound=bound,
        preprocess=preprocess,
        notes=_notes(net, weights, bound) + guesses,
    )


def _notes(net: Net, weights: Weights | None, bound: Bound) -> tuple[str, ...]:
    notes = [*net.warnings, *(weights.warnings if weights is not None else ())]
    if weights is not None:
        notes += _untrained(net, weights)
        notes += _other_types(net, weights)
    if bound.filled:
        how = bound.untrained or "filled as the net's text says"
        notes.append(f"{how}, because no file gives them: {', '.join(bound.filled)}")
    elif bound.seed is not None:
        notes.append("nothing was initialised: the file has the weights of every layer")
    if bound.unused:
        notes.append(f"layers of the file that the net does not have: {', '.join(bound.unused)}")
    return tuple(notes)


def _untrained(net: Net, weights: Weights) -> list[str]:
    """Carry on the label of a model whose own name says that it is untrained, as the example's does."""
    from protos import NetParameter

    names = (NetParameter.FromString(weights.net_bytes).name, net.name)
    return [
        f"UNTRAINED: by its own name, {name!r}, this model's weights are not trained; its outputs mean nothing"
        for name in dict.fromkeys(names)
        if "untrained" in name.lower()
    ][:1]


def _other_types(net: Net, weights: Weights) -> list[str]:
    """Name layers whose type differs between file and net; Caffe compares names alone."""
    return [
        f"layer {layer.name!r} is {layer.type} in the net but {weights.types[layer.name]} in the file; "
        "weights go by name alone, as in Caffe"
        for layer in net.layers
        if weights.types.get(layer.name, "") not in {"", layer.type} and weights.count(layer.name)
    ]


def find_preprocess(net: Net, mean: str | Path | None) -> tuple[Preprocess | None, tuple[str, ...]]:
    """Return the preprocessing of a net that takes one image, and what had to be assumed."""
    shapes = [net.shapes[blob] for blob in net.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in {1, 3}:
        if mean is not None:
            raise InvalidNetError(
                "a mean is given, but the net does not take one image of 1 or 3 channels"
            )
        return None, ()
    _, channels, height, width = shapes[0]
    array = load_mean(mean) if mean is not None else None
    transform = net.transform
    notes = []
    if array is None and transform is not None and transform.mean_value:
        import numpy as np

        values = (
            transform.mean_value * channels
            if len(transform.mean_value) == 1
            else transform.mean_value
        )
        array = np.array(values, np.float32).reshape(-1, 1, 1)
    if array is None:
        wanted = (
            f" (the net names {transform.mean_file!r})" if transform and transform.mean_file else ""
        )
        notes.append(f"no mean is subtracted; give --mean if the net was trained with one{wanted}")
    if array is not None and array.shape[0] != channels:
        raise InvalidNetError(
            f"the mean has {array.shape[0]} channels, the net's input has {channels}"
        )
    is_image = array is not None and array.shape[1:] != (1, 1)
    if array is not None and is_image and (array.shape[1] < height or array.shape[2] < width):
        raise InvalidNetError(
            f"the mean image is {array.shape[1]} x {array.shape[2]}, smaller than the net's input "
            f"{height} x {width}; give the mean that the net was trained with"
        )
    size = array.shape[1:] if array is not None and is_image else (height, width)
    return Preprocess(
        crop=(height, width),
        resize=(size[0], size[1]),
        channel_order="BGR" if channels == 3 else "GRAY",
        mean=array,
        scale=transform.scale if transform is not None else 1.0,
    ), tuple(notes)


def convert(
    model: str | Path | None,
    *,
    prototxt: str | Path | None = None,
    mean: str | Path | None = None,
    out: str | Path | None = None,
    formats: Iterable[str] = ("safetensors",),
    phase: str = "TEST",
    stages: Iterable[str] = (),
    level: int = 0,
    input_shape: InputShape = None,
    dialect: str | None = None,
    allow_missing: bool = False,
    initialize: int | None = None,
    fully_convolutional: bool = False,
    force: bool = False,
    durable: bool = False,
    sha256: bool = False,
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
        phase=phase,
        stages=stages,
        level=level,
        input_shape=input_shape,
        dialect=dialect,
        allow_missing=allow_missing,
        initialize=initialize,
        fully_convolutional=fully_convolutional,
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
        if folder.is_symlink() or not (folder / RECORD).is_file():
            raise OutputError(
                f"exists and holds no {RECORD}: not a conversion, so --force keeps it"
            )


def _write_files(
    conversion: Conversion, folder: Path, formats: tuple[str, ...], *, sha256: bool
) -> Conversion:
    digest = _sha256(conversion.model) if sha256 and conversion.model is not None else None
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
    from .exports import write_exports  # torch, and for ONNX its packages

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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
