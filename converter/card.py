"""The model card: what the folder holds, how to load it, and what one should know of this conversion."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import __version__
from .preprocess import Preprocess

if TYPE_CHECKING:
    from .conversion import Conversion
    from .program import Shape


def model_card(conversion: Conversion) -> str:
    """Return the text of the folder's README.md."""
    program = conversion.lowering.program
    source = plain(conversion.model.name if conversion.model else program.net_name)
    parts = [
        f"# {program.class_name}",
        (
            f"Converted from the Caffe model `{source}` by convert-caffemodel {__version__}. "
            "`model.py` needs only torch."
        ),
        _untrained(conversion),
        _usage(conversion),
        _blobs("Inputs", conversion, conversion.net.inputs),
        _blobs("Outputs", conversion, conversion.net.outputs),
        _preprocessing(conversion.preprocess),
        _notes(conversion),
        _files(conversion),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _files(conversion: Conversion) -> str:
    said = {
        "model.py": "the source",
        "model.safetensors": "the weights",
        "model.onnx": "the net for ONNX Runtime and others; inputs and outputs have the names of the blobs",
        "model.onnx.data": "its weights, which have to lie beside it",
        "model.pt2": "the net for `torch.export.load`; several outputs are a tuple in the order above",
        "preprocessor_config.json": "what a picture goes through before the net",
        "mean.npy": "the mean image",
        "conversion.json": "one row for each Caffe layer, with the state-dict keys of its blobs",
    }
    rows = [f"- `{name}`: {said[name]}" for name in conversion.files if name in said]
    return "\n".join(["## Files", "", *rows])


def plain(name: str) -> str:
    """Return a file's own words fit for Markdown."""
    return re.sub(r"[^A-Za-z0-9 _.,:/()+@#=-]", "?", name)[:120]


def _untrained(conversion: Conversion) -> str:
    bound = conversion.bound
    if not bound.untrained:
        return ""
    what = "The weights" if conversion.weights is None else f"Layers {', '.join(bound.filled)}"
    return (
        f"**{plain(what)}: {bound.untrained}.** The outputs mean nothing before they are trained."
    )


def _usage(conversion: Conversion) -> str:
    program = conversion.lowering.program
    arguments = ", ".join(f"torch.zeros({_size(program.shapes[blob])})" for blob in program.inputs)
    return (
        "```python\nimport torch\nfrom safetensors.torch import load_file\n"
        f"from model import {program.class_name}\n\n"
        f"net = {program.class_name}().eval()\n"
        'net.load_state_dict(load_file("model.safetensors"))\n'
        f"with torch.no_grad():\n    out = net({arguments})\n```"
    )


def _size(shape: Shape) -> str:
    return ", ".join(str(size) for size in shape)


def _blobs(title: str, conversion: Conversion, blobs: tuple[str, ...]) -> str:
    program = conversion.lowering.program
    rows = [
        f"| `{plain(blob)}` | `{program.blobs[blob]}` | {program.shapes[blob]} |" for blob in blobs
    ]
    return "\n".join(
        [f"## {title}", "", "| Caffe blob | variable | declared shape |", "|---|---|---|", *rows]
    )


def _preprocessing(preprocess: Preprocess | None) -> str:
    if preprocess is None:
        return "## Preprocessing\n\nNone: the net does not take one image of 1 or 3 channels."
    steps = []
    if preprocess.resize is not None:
        steps.append(
            f"resize to {preprocess.resize[0]} x {preprocess.resize[1]} ({preprocess.rule} bilinear)"
        )
    steps.append(f"channels in {preprocess.channel_order} order, values 0 to 255")
    if preprocess.resize != preprocess.crop:
        steps.append(f"crop the central {preprocess.crop[0]} x {preprocess.crop[1]}")
    if preprocess.mean is not None:
        values = ", ".join(map(str, preprocess.mean.reshape(-1)[:3]))
        is_image = preprocess.mean.shape[1:] != (1, 1)
        steps.append(
            f"subtract the {'mean image (`mean.npy`)' if is_image else f'channel means {values}'}"
        )
    if preprocess.scale != 1.0:
        steps.append(f"multiply by {preprocess.scale!r}")
    return "## Preprocessing\n\n" + "\n".join(f"{at}. {step}" for at, step in enumerate(steps, 1))


def _notes(conversion: Conversion) -> str:
    if not conversion.notes:
        return ""
    return "## To know\n\n" + "\n".join(f"- {plain_note(note)}" for note in conversion.notes)


def plain_note(note: str) -> str:
    """Return a note as one Markdown line."""
    return re.sub(r"[^\x20-\x7e]|[<>`]", "?", note)
