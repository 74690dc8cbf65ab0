"""Writing a caffemodel in the V1 format of 2014 (`layers`, enum types, four legacy dims), a piece at a time.

A message of 227 MB is never in memory: every length is known beforehand, so tags and lengths are written by hand,
and the numbers come as they are made. Fields stand in the order of their numbers, as protobuf writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np
from google.protobuf.message import Message

from converter.files.stored import padded
from converter.files.type_names import V1_TYPES
from protos import BlobProto, LayerParameter, NetParameter, V1LayerParameter
from protos.tags import LENGTH, write_varint

Shape = tuple[int, ...]
Piece = np.ndarray[Any, np.dtype[np.float32]]

_NUMBERS = {name: number for number, name in V1_TYPES.items()}
_NET_LAYERS, _LAYER_BLOBS, _BLOB_DATA = 2, 6, 5  # field numbers of V1


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """One blob: its shape, and its numbers in C order, in pieces."""

    shape: Shape
    pieces: Iterable[Piece]


def to_v1(layer: LayerParameter) -> V1LayerParameter:
    """Return a V2 layer as V1; learning rates and weight decay as CaffeNet has them where it learns."""
    old = V1LayerParameter(
        name=layer.name, type=V1LayerParameter.LayerType.Name(_NUMBERS[layer.type])
    )
    old.bottom.extend(layer.bottom)
    old.top.extend(layer.top)
    for field, value in layer.ListFields():
        if field.name.endswith("_param"):
            getattr(old, field.name).CopyFrom(value)
    if layer.type in {"Convolution", "InnerProduct"}:
        old.blobs_lr.extend((1.0, 2.0))
        old.weight_decay.extend((1.0, 0.0))
    return old


def write_net(
    file: BinaryIO, net: NetParameter, blobs: Mapping[str, tuple[Numbers, ...]]
) -> Iterator[int]:
    """Write a net of V1 layers with these blobs by layer name; yields the bytes written so far, after every piece."""
    first, last = _split(net, _NET_LAYERS)
    written = file.write(first)
    for layer in net.layers:
        for chunk in _layer(layer, blobs.get(layer.name, ())):
            written += file.write(chunk)
            yield written
    yield written + file.write(last)


def _layer(layer: V1LayerParameter, blobs: tuple[Numbers, ...]) -> Iterator[bytes | memoryview]:
    first, last = _split(layer, _LAYER_BLOBS)
    heads = [_blob_head(blob.shape) for blob in blobs]
    size = len(first) + len(last)
    size += sum(len(head) + 4 * prod(blob.shape) for head, blob in zip(heads, blobs, strict=True))
    yield _key(_NET_LAYERS, size) + first
    for head, blob in zip(heads, blobs, strict=True):
        yield head
        for piece in blob.pieces:
            yield np.ascontiguousarray(piece, "<f4").data.cast("B")
    yield last


def _split(message: Message, at: int) -> tuple[bytes, bytes]:
    """Return a message without field `at`: what stands before that field, and what after, in order of numbers."""
    first, last = type(message)(), type(message)()
    for part in first, last:
        part.CopyFrom(message)
        for field, _ in message.ListFields():
            if field.number == at or (field.number < at) != (part is first):
                part.ClearField(field.name)
    return first.SerializeToString(), last.SerializeToString()


def _blob_head(shape: Shape) -> bytes:
    """Return all of a blob that stands before its numbers: the layer's tag, the dims, the tag of the data."""
    num, channels, height, width = padded(shape)
    dims = BlobProto(num=num, channels=channels, height=height, width=width).SerializeToString()
    data = _key(_BLOB_DATA, 4 * prod(shape))
    return _key(_LAYER_BLOBS, len(dims) + len(data) + 4 * prod(shape)) + dims + data


def _key(field: int, length: int) -> bytes:
    return write_varint(field << 3 | LENGTH) + write_varint(length)
