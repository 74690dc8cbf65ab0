"""A net written in a test, converted with seeded weights once and compared with the reference at several sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from golden import assert_close
from one_layer import Arrays, net_of

from converter import tolerance
from converter.loading import to_module
from converter.net import Net
from converter.reference import evaluate
from converter.tracing import trace
from converter.weights import Weights, load_weights
from protos import NetParameter


def check_sizes(folder: Path, text: str, *feeds: Arrays) -> torch.nn.Module:
    """Convert a text at the sizes of the first feed; compare every blob of all. Returns the float64 module."""
    net = net_of(folder, text, **feeds[0])
    weights = seeded_weights(folder, net)
    module = to_module(net, weights).double()
    for feed in feeds:
        found = trace(module, feed)
        for blob, expected in evaluate(net, weights, feed).items():
            assert_close(blob, found[blob], expected, tolerance.FLOAT64)
    return module


def seeded_weights(folder: Path, net: Net) -> Weights:
    """A caffemodel with positive numbers for every blob of a net; positive because some are variances."""
    rng = np.random.default_rng(7)
    proto = NetParameter()
    for step in net.steps:
        layer = proto.layer.add(name=step.layer.name, type=step.layer.type)
        for blob in step.blobs:
            stored = layer.blobs.add()
            stored.shape.dim.extend(blob.shape)
            stored.data.extend(rng.uniform(0.3, 1.7, blob.shape).ravel().tolist())
    path = folder / "net.caffemodel"
    path.write_bytes(proto.SerializeToString())
    return load_weights(path)


def normal(*shape: int) -> np.ndarray:
    """Seeded numbers around 0.5."""
    return np.random.default_rng(sum(shape)).normal(0.5, 1, shape)
