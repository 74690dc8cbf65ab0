"""The Caffe schema: the message classes of `caffe.proto`, and the field numbers of Caffe's forks.

Every message is an attribute here, `protos.PoolingParameter` like `protos.NetParameter`.
Importing this package does not load protobuf; the first message asked for does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dialects import DIALECTS, inner_renumbering, renumbering

if TYPE_CHECKING:
    from .messages import *  # noqa: F403 - all messages, for type checkers
    from .messages import BlobProto, LayerParameter, NetParameter

__all__ = [
    "DIALECTS",
    "BlobProto",
    "LayerParameter",
    "NetParameter",
    "inner_renumbering",
    "renumbering",
]

if not TYPE_CHECKING:  # or type checkers would take any name for granted

    def __getattr__(name: str) -> object:
        if not name[0].isupper():  # a submodule still to be imported, or a mistake
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import messages

        return getattr(messages, name)
