"""The message classes: private, complete, current, and cheap to import."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import protos
from protos import BlobProto, NetParameter, messages


def test_checked_in_files_are_what_the_schema_asks_for() -> None:
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools")
    from protos.build import main

    assert main(["--check"]) == 0


def test_importing_protos_does_not_load_protobuf() -> None:
    code = "import protos, sys; sys.exit('google.protobuf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_another_caffe_schema_can_live_in_the_same_process() -> None:
    """As pycaffe's does: same file name, same package, another NetParameter."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    file.message_type.add(name="NetParameter").field.add(
        name="theirs",
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    default = descriptor_pool.Default()
    default.Add(file)
    theirs = message_factory.GetMessageClass(default.FindMessageTypeByName("caffe.NetParameter"))
    assert theirs(theirs=3).SerializeToString() == b"\x08\x03"
    assert NetParameter(name="ours").SerializeToString() == b"\x0a\x04ours"


def test_every_message_and_enum_is_an_attribute() -> None:
    names = [name for name in dir(messages) if name != "DESCRIPTOR"]
    assert len(names) > 100
    assert all(getattr(protos, name) is getattr(messages, name) for name in names)
    assert messages.Phase.Value("TEST") == messages.TEST == 1
    assert messages.PoolingParameter.PoolMethod.Name(messages.PoolingParameter.AVE) == "AVE"


@pytest.mark.parametrize("name", ["Nothing", "nothing"])
def test_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(protos, name)


def test_blob_dimensions_are_packed() -> None:
    blob = BlobProto(data=[1, 2])
    blob.shape.dim.extend([2, 1])
    assert blob.SerializeToString() == bytes.fromhex("2a080000803f00000040 3a040a020201")
