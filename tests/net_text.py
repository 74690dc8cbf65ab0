"""A net written in a test: converted with seeded weights, and compared with the float64 reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from golden import assert_close

from converter import tolerance
from converter.loading import to_module
from converter.net import Net, load_net
from converter.reference import evaluate
from converter.tracing import trace
from converter.weights import Weights, load_weights
from protos import NetParameter


def inputs(**shapes: tuple[int, ...]) -> str:
    """Input layers as text."""
    return "".join(
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
        + "".join(f"dim: {size} " for size in shape)
        + "} } }\n"
        for name, shape in shapes.items()
    )


def read_text(folder: Path, text: str) -> Net:
    """The net of a text."""
    path = folder / "net.prototxt"
    path.write_text(text)
    return load_net(path)


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


def check_text(folder: Path, text: str, *feeds: dict[str, np.ndarray]) -> torch.nn.Module:
    """Convert a text once, and compare every blob of each feed; returns the float64 module."""
    net = read_text(folder, text)
    weights = seeded_weights(folder, net)
    module = to_module(net, weights).double()
    for feed in feeds:
        found = trace(module, feed)
        for blob, expected in evaluate(net, weights, feed).items():
            assert_close(f"{blob} at {feed}", found[blob], expected, tolerance.FLOAT64)
    return module


def normal(*shape: int) -> np.ndarray:
    """Seeded numbers around 0.5."""
    return np.random.default_rng(sum(shape)).normal(0.5, 1, shape)
