"""The message classes of `caffe.proto`, made on first use from the compiled `caffe.desc`.

They live in a descriptor pool of their own: pycaffe and OpenCV's tools register another
`caffe/proto/caffe.proto` in the default pool, and one pool refuses two definitions of a name.
`messages.pyi`, written by `protos.build`, tells type checkers every field.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import enum_type_wrapper

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor


@functools.cache
def _file() -> FileDescriptor:
    pool = descriptor_pool.DescriptorPool()
    compiled = Path(__file__).with_name("caffe.desc").read_bytes()
    (proto,) = descriptor_pb2.FileDescriptorSet.FromString(compiled).file
    pool.Add(proto)
    return pool.FindFileByName(proto.name)


@functools.cache
def __getattr__(name: str) -> object:
    """A message class, an enum such as `Phase`, or one of its values such as `TEST`."""
    file = _file()
    if name == "DESCRIPTOR":
        return file
    if name in file.message_types_by_name:
        return message_factory.GetMessageClass(file.message_types_by_name[name])
    if name in file.enum_types_by_name:
        return enum_type_wrapper.EnumTypeWrapper(file.enum_types_by_name[name])
    for enum in file.enum_types_by_name.values():
        if name in enum.values_by_name:
            return enum.values_by_name[name].number
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names of all messages and enums of the schema."""
    file = _file()
    return sorted([*file.message_types_by_name, *file.enum_types_by_name])
