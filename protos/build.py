"""Compile `caffe.proto` into `caffe.desc` and `messages.pyi`: `python -m protos.build [--check]`.

Needs protoc, which comes with the grpcio-tools package; nothing at run time does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HERE = Path(__file__).parent
_STUB_HEADER = '''\
"""Types of the message classes. Written by `python -m protos.build`; edit caffe.proto instead."""

'''


def compiled() -> Mapping[str, bytes]:
    """File name → the content that `caffe.proto` asks for."""
    from grpc_tools import protoc  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        arguments = [
            "protoc",
            f"-I{_HERE}",
            f"--descriptor_set_out={out / 'caffe.desc'}",
            f"--pyi_out={out}",
            "caffe.proto",
        ]
        if protoc.main(arguments) != 0:
            raise SystemExit("protoc refused caffe.proto; its message is above")
        stub = (out / "caffe_pb2.pyi").read_text(encoding="utf-8")
        return {
            "caffe.desc": (out / "caffe.desc").read_bytes(),
            "messages.pyi": (_STUB_HEADER + _strict(stub)).encode(),
        }


def stale() -> tuple[str, ...]:
    """Names of the checked-in files that differ from what `caffe.proto` asks for."""
    return tuple(name for name, content in compiled().items() if _read(name) != content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with `--check` only tell which are out of date (exit code 1)."""
    parser = argparse.ArgumentParser(prog="python -m protos.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    if parser.parse_args(arguments).check:
        names = stale()
        for name in names:
            sys.stderr.write(f"protos/{name} is out of date; run: python -m protos.build\n")
        return 1 if names else 0
    for name, content in compiled().items():
        (_HERE / name).write_bytes(content)
    return 0


def _strict(stub: str) -> str:
    """The stub without what mypy --strict refuses: a bare `Mapping`."""
    return stub.replace("_Mapping]", "_Mapping[str, object]]")


def _read(name: str) -> bytes | None:
    path = _HERE / name
    return path.read_bytes() if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main())
