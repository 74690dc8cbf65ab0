"""`conversion.json`: what came from where, one row for each layer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import __version__, tolerance

if TYPE_CHECKING:
    from .conversion import Conversion
    from .formats import Exported

RECORD = "conversion.json"


def conversion_record(conversion: Conversion, sha256: str | None) -> str:
    """Return the text of conversion.json."""
    net, program = conversion.net, conversion.lowering.program
    return (
        json.dumps(
            {
                "tool": "convert-caffemodel",
                "version": __version__,
                "class": program.class_name,
                "net": net.name,
                "model": _model(conversion, sha256),
                "prototxt": conversion.prototxt.name if conversion.prototxt else None,
                "inputs": [_blob(conversion, blob) for blob in net.inputs],
                "outputs": [_blob(conversion, blob) for blob in net.outputs],
                "layers": _layers(conversion),
                "shared": [{"parameter": tie.sharer, "is": tie.owner} for tie in program.ties],
                "filled": {"layers": list(conversion.bound.filled), "seed": conversion.bound.seed},
                "unused_layers_of_the_file": list(conversion.bound.unused),
                "files": list(conversion.files),
                "exports": [_export(export) for export in conversion.exports],
                "warnings": list(conversion.notes),
            },
            indent=1,
        )
        + "\n"
    )


def _export(export: Exported) -> dict[str, object]:
    return {
        "format": export.format,
        "files": list(export.files),
        "inputs_with_fixed_first_axis": list(export.fixed),
        "largest_relative_difference_to_the_module": export.difference,
        "limit": tolerance.EXPORT,
    }


def _model(conversion: Conversion, sha256: str | None) -> dict[str, object] | None:
    if conversion.model is None or conversion.weights is None:
        return None
    return {
        "file": conversion.model.name,
        "format": conversion.weights.format,
        "bytes": conversion.model.stat().st_size,
        "sha256": sha256,
    }


def _blob(conversion: Conversion, blob: str) -> dict[str, object]:
    program = conversion.lowering.program
    return {"blob": blob, "variable": program.blobs[blob], "shape": list(program.shapes[blob])}


def _layers(conversion: Conversion) -> list[dict[str, object]]:
    return [
        {
            "name": step.layer.name,
            "type": step.layer.type,
            "module": attribute,
            "bottoms": list(step.layer.bottoms),
            "tops": list(step.layer.tops),
            "shapes": [list(shape) for shape in step.tops],
            "blobs": [
                {
                    "shape": list(blob.shape),
                    "key": f"{attribute}.{blob.key}",
                    "lr_mult": rate.lr_mult,
                    "decay_mult": rate.decay_mult,
                }
                for blob, rate in zip(step.blobs, rates, strict=True)
            ],
        }
        for step, rates, attribute in zip(
            conversion.net.steps, conversion.net.rates, conversion.lowering.attributes, strict=True
        )
    ]
