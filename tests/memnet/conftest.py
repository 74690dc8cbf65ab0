"""The recorded full-size MemNet as a file (227 MB, made once) and loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import memnet_rule as rule
import pytest

import converter
import memnet
from converter.files.read_net import read_net
from memnet.v1_file import Numbers, write_net

TEXT = rule.RECORDED.with_suffix(".prototxt")


def blobs(index: int) -> tuple[Numbers, ...]:
    return tuple(Numbers(shape=array.shape, pieces=[array]) for array in rule.numbers(index))


@pytest.fixture(scope="session")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The V1 caffemodel that Caffe loaded for the recording."""
    path = tmp_path_factory.mktemp("memnet") / "memnet_full_v1.caffemodel"
    with path.open("wb") as file:
        named = {name: blobs(index) for index, (name, _) in enumerate(rule.LEARNABLE)}
        for _ in write_net(file, read_net(TEXT), named):
            pass
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def full_model(full_file: Path) -> memnet.MemNet:
    return memnet.load(full_file, mean=rule.mean_bgr())


@pytest.fixture(scope="session")
def full_folder(full_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same, converted, with a mean image."""
    folder = tmp_path_factory.mktemp("converted") / "memnet_torch"
    mean = folder.parent / "mean.npy"
    import numpy as np

    np.save(mean, rule.mean_bgr())
    yield converter.convert(full_file, prototxt=TEXT, mean=mean, out=folder)
    (folder / "model.safetensors").unlink()
