"""The full-size MemNet whose outputs real Caffe was recorded on: topology as published, weights and pictures by rule.

`data/memnet_full.npz` holds what BVLC Caffe (9b89154, CPU) computed: all 40 scores, and 256 values of every blob for
each picture.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

RECORDED = Path(__file__).with_name("data") / "memnet_full.npz"
V1_SHA256 = "bb18288726cc19cdf7db22800eb54cb441b080c135a0c3a302f6f69bd5dbd82d"
"""Of the V1 file that Caffe loaded for the recording."""

LEARNABLE = (
    ("conv1", (96, 3, 11, 11)),
    ("conv2", (256, 48, 5, 5)),
    ("conv3", (384, 256, 3, 3)),
    ("conv4", (384, 192, 3, 3)),
    ("conv5", (256, 192, 3, 3)),
    ("fc6", (4096, 9216)),
    ("fc7", (4096, 4096)),
    ("fc8-euclidean", (1, 4096)),
)


def numbers(index: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of the index-th learnable layer."""
    name, shape = LEARNABLE[index]
    generator = np.random.Generator(np.random.PCG64(20150001 + index))
    weight = generator.standard_normal(shape, dtype=np.float32)
    bias = generator.standard_normal(shape[:1], dtype=np.float32)
    if name == "fc8-euclidean":
        weight *= np.float32(8e-5)
        return weight, np.full((1,), 0.613, dtype=np.float32)
    weight *= np.float32(np.sqrt(2.0 / np.prod(shape[1:])))
    bias *= np.float32(0.05)
    return weight, bias


def images() -> np.ndarray:
    """(4, 256, 256, 3) uint8 RGB."""
    made = []
    for index in range(4):
        generator = np.random.Generator(np.random.PCG64(20152000 + index))
        low = generator.integers(0, 200, (8, 8, 3))
        noise = generator.integers(0, 56, (256, 256, 3))
        made.append((np.kron(low, np.ones((32, 32, 1), np.int64)) + noise).astype(np.uint8))
    return np.stack(made)


def mean_bgr() -> np.ndarray:
    """(3, 256, 256) float32, BGR; all values are multiples of 0.25."""
    c, y, x = np.meshgrid(np.arange(3), np.arange(256), np.arange(256), indexing="ij")
    pattern = ((3 * x + 5 * y + 7 * c) % 32) / 4.0 - 4.0
    return (np.array([104.0, 117.0, 123.0])[:, None, None] + pattern).astype(np.float32)


def ten_crops(image: np.ndarray) -> np.ndarray:
    """(10, 3, 227, 227) float32 in the order of caffe.io.oversample, less the mean."""
    x = image[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) - mean_bgr()
    corners = [(0, 0), (0, 29), (29, 0), (29, 29), (14, 14)]
    five = [x[:, i : i + 227, j : j + 227] for i, j in corners]
    return np.ascontiguousarray(np.stack(five + [part[:, :, ::-1] for part in five]))
