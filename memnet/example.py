"""`convert-caffemodel --example`: a full-size MemNet in V1 format with seeded, untrained weights, about 227 MB.

For trying the tools out where the published file cannot be had. It is labelled as untrained in its file names, in the
net's own name inside the files, and in a text beside them. The numbers are NumPy's, from fixed seeds, scaled so that
the scores of natural pictures look like MemNet's (mean about 0.75, standard deviation about 0.08); they mean nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from math import prod, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from converter.errors import OutputError, context
from converter.files.read_net import read_net
from converter.files.whole import whole

from .preprocessing import CHANNEL_MEANS, SIZE
from .topology import PROTOTXT, deploy_net

if TYPE_CHECKING:
    from protos import V1LayerParameter

    from .v1_file import Numbers

NET_NAME = "MemNet-UNTRAINED"
MODEL = "memnet-untrained.caffemodel"
TEXT = "memnet-untrained.deploy.prototxt"
MEAN = "synthetic-mean.binaryproto"
NOTE = "UNTRAINED.txt"

SEED = 2015
PIECE = 1 << 20  # numbers drawn at a time

# He et al. (2015): weights of variance 2 / fan_in keep the size of what passes a ReLU, so that pixels of about +-100
# arrive at fc7 at a similar size. The last layer's two constants then set the scores' spread and mean: they are
# measured, on pictures with the 1/f spectrum of natural ones (tests/memnet/test_example.py measures them again).
BIAS_SCALE = 0.05
SCORE_SCALE = 8e-5
SCORE_BIAS = 0.58

NOTE_TEXT = f"""\
{MODEL} is NOT a trained MemNet.

It has MemNet's layers at full size, but its weights are seeded random numbers (written by convert-caffemodel
--example), so its scores say nothing about any picture. {MEAN} is synthetic, too, a smooth
image with the channel means of MemNet's own. They are for trying the tools out and for measuring speed.
"""


def write_example(folder: str | Path) -> tuple[Path, Path, Path]:
    """Write model, deploy prototxt, mean image and a note into a folder; returns the first three paths.

    Each file is complete or absent. The bytes are the same on every machine, as long as NumPy's generators are.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    with context(str(folder)):
        new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_files(folder)
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror or error}") from error
        finally:
            if new:
                with suppress(OSError):
                    folder.rmdir()  # succeeds where nothing was written, and only there
    return folder / MODEL, folder / TEXT, folder / MEAN


def _write_files(folder: Path) -> None:
    """Write the model first: without it the rest is of no use."""
    with whole(folder / MODEL) as part, part.open("wb") as file:
        _write_model(file)
    with whole(folder / MEAN) as part:
        part.write_bytes(mean_bytes())
    _write_text(folder / TEXT, deploy_text())
    _write_text(folder / NOTE, NOTE_TEXT)


def _write_text(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _write_model(file: BinaryIO) -> None:
    from protos import NetParameter

    from .v1_file import write_net

    net = NetParameter(name=NET_NAME, layers=trained_layers())
    total = 4 * sum(prod(blob.shape) for step in deploy_net().steps for blob in step.blobs)
    shown = -1
    for written in write_net(file, net, weights()):
        percent = min(100, 100 * written // total)
        if percent > shown and sys.stderr.isatty():
            shown = percent
            sys.stderr.write(f"\r  {MODEL}: {percent} % of {total / 1e6:.0f} MB")
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def trained_layers() -> list[V1LayerParameter]:
    """Return the layers as a file of the training net has them: data first, the Euclidean loss last."""
    from protos import DataParameter, V1LayerParameter

    from .v1_file import to_v1

    data = V1LayerParameter(name="data", type=V1LayerParameter.DATA)
    data.top.extend(("data", "label"))
    data.data_param.source = "train_lmdb"
    data.data_param.batch_size = 50
    data.data_param.backend = DataParameter.LMDB
    data.transform_param.mirror = True
    data.transform_param.crop_size = 227
    data.transform_param.mean_file = MEAN
    loss = V1LayerParameter(name="loss", type=V1LayerParameter.EUCLIDEAN_LOSS)
    loss.bottom.extend(("fc8-euclidean", "label"))
    loss.top.append("loss")
    kept = (layer for layer in read_net(PROTOTXT).layer if layer.type != "Input")
    return [data, *map(to_v1, kept), loss]


def weights() -> dict[str, tuple[Numbers, ...]]:
    """Return layer -> (weight, bias); the numbers are drawn as they are asked for, weight before bias.

    Layer i of those that learn draws from PCG64([SEED, i]): standard normal float32 times sqrt(2 / fan_in) for
    weights, times BIAS_SCALE for biases. The last layer's weights are scaled by SCORE_SCALE, its bias is SCORE_BIAS.
    """
    from .v1_file import Numbers

    learning = [step for step in deploy_net().steps if step.blobs]
    made: dict[str, tuple[Numbers, ...]] = {}
    for index, step in enumerate(learning):
        generator = np.random.Generator(np.random.PCG64([SEED, index]))
        weight, bias = (blob.shape for blob in step.blobs)
        scale = sqrt(2 / prod(weight[1:])) if step is not learning[-1] else SCORE_SCALE
        biases = _drawn(generator, bias, BIAS_SCALE)
        made[step.layer.name] = (
            Numbers(shape=weight, pieces=_drawn(generator, weight, scale)),
            Numbers(
                shape=bias,
                pieces=biases if step is not learning[-1] else [np.array([SCORE_BIAS], np.float32)],
            ),
        )
    return made


def _drawn(
    generator: np.random.Generator, shape: tuple[int, ...], scale: float
) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    for start in range(0, prod(shape), PIECE):
        count = min(PIECE, prod(shape) - start)
        yield generator.standard_normal(count, dtype=np.float32) * np.float32(scale)


def deploy_text() -> str:
    """Return MemNet's deploy prototxt under the example's name."""
    text = PROTOTXT.read_text(encoding="utf-8")
    head = "# UNTRAINED example: seeded random weights, written by convert-caffemodel --example.\n"
    return head + text.replace('name: "MemNet"', f'name: "{NET_NAME}"', 1)


def mean_bytes() -> bytes:
    """Return a synthetic mean image, (1, 3, 256, 256) BGR, as a BlobProto: the channel means, brighter at the top."""
    from protos import BlobProto

    height, width = SIZE
    slope = np.linspace(16, -16, height)  # a sky above a ground, as averages of photographs have
    planes = np.array(CHANNEL_MEANS)[:, None, None] + slope[:, None] + np.zeros(width)
    blob = BlobProto(num=1, channels=3, height=height, width=width)
    blob.data.extend(planes.astype(np.float32).ravel().tolist())
    return blob.SerializeToString()
