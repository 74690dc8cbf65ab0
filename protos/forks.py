"""Which forks of Caffe have a layer type, a field or an enum value that BVLC Caffe lacks.

`fork_types.tsv` lists the layer types that forks registered and BVLC Caffe does not know; `fork_fields.tsv` the
fields and enum values that `caffe.proto` here does not have, of the messages that it has. Both were taken from the
forks' own sources. They serve error messages, the list of layers, and the guess of a binary file's dialect.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["REPOSITORIES", "described", "forks_with_field", "forks_with_type"]

REPOSITORIES = MappingProxyType(
    {
        "caffe-windows": "happynear/caffe-windows",
        "caffe_ocr": "senlinuc/caffe_ocr",
        "deeplab": "xmyqsh/deeplab-v2",
        "enet": "TimoSaemann/caffe-enet",
        "fast-rcnn": "rbgirshick/caffe-fast-rcnn",
        "flownet2": "lmb-freiburg/flownet2",
        "intel": "intel/caffe",
        "mobilenet-yolo": "eric612/MobileNet-YOLO",
        "nvcaffe": "NVIDIA/caffe",
        "pspnet": "hszhao/PSPNet",
        "segnet": "alexgkendall/caffe-segnet",
        "senet": "hujie-frank/SENet",
        "shufflenet": "farmingyard/ShuffleNet",
        "ssd": "weiliu89/caffe, branch ssd",
        "synopsys": "foss-for-synopsys-dwc-arc-processors/synopsys-caffe",
        "yjxiong": "yjxiong/caffe",
        "yonghenglh6": "yonghenglh6/DepthwiseConvolution",
    }
)
"""A fork's short name → its repository on GitHub. All of `DIALECTS`, and those without field numbers of their own."""

_HERE = Path(__file__).parent


def forks_with_type(layer_type: str) -> tuple[str, ...]:
    """Short names of the forks that have a layer type; () for BVLC's own types and unknown ones."""
    return _types().get(layer_type, ())


def forks_with_field(message: str, name: str) -> tuple[str, ...]:
    """Short names of the forks that have a field, or a value of an enum, that `caffe.proto` lacks.

    `message` is a full name without the package: `PoolingParameter`, or `PoolingParameter.PoolMethod` for an enum.
    """
    return _fields().get((message, name), ())


def described(forks: Sequence[str]) -> str:
    """The forks as a user can find them: `intel (intel/caffe) and nvcaffe (NVIDIA/caffe)`."""
    *first, last = (f"{fork} ({REPOSITORIES[fork]})" for fork in forks)
    return f"{', '.join(first)} and {last}" if first else last


@functools.cache
def _types() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(forks.split()) for name, forks in _rows("fork_types.tsv")}


@functools.cache
def _fields() -> Mapping[tuple[str, str], tuple[str, ...]]:
    rows = _rows("fork_fields.tsv")
    return {(message, name): tuple(forks.split()) for message, name, forks in rows}


def _rows(name: str) -> list[list[str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]
