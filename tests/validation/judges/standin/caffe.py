"""Stands in for pycaffe where there is none: its interface, for Python 2.7 and 3, over the float64 reference.

The reference runs in the Python that STANDIN_PYTHON names. STANDIN_OLD takes away what pycaffe of 2014 did not have.
"""

from __future__ import print_function

import json
import os
import subprocess
import tempfile
from collections import OrderedDict

import numpy as np

COMPUTE = """
import json, sys
import numpy as np
from converter.net import load_net
from converter.reference import evaluate
from converter.weights import load_weights
text, model, folder = sys.argv[1:]
net = load_net(text)
if folder == "-":
    shapes = {name: list(net.shapes[name]) for name in net.shapes}
    json.dump({"inputs": net.inputs, "outputs": net.outputs, "shapes": shapes}, sys.stdout)
else:
    with np.load(folder + "/fed.npz") as file:
        fed = {name[3:]: file[name] for name in file.files}
    blobs = evaluate(net, load_weights(model) if model else None, fed)
    np.savez(folder + "/made.npz", **{"out/" + name: array.astype("f4") for name, array in blobs.items()})
"""


def _compute(*arguments):
    command = [os.environ["STANDIN_PYTHON"], "-c", COMPUTE]
    environment = dict(os.environ, PYTHONPATH=os.environ["STANDIN_PATH"])
    return subprocess.check_output(command + list(arguments), env=environment)


class _Blob(object):
    def __init__(self, shape):
        self.data = np.zeros(shape, np.float32)

    def reshape(self, *shape):
        self.data = np.zeros(shape, np.float32)


class _Net(object):
    def __init__(self, text, model):
        self._files = [text, model]
        told = json.loads(_compute(text, model, "-").decode("utf-8"))
        self.inputs, self.outputs = told["inputs"], told["outputs"]
        self.blobs = OrderedDict((name, _Blob(told["shapes"][name])) for name in sorted(told["shapes"]))
        first = self.inputs[0]
        self.blobs[first + "_" + first + "_0_split_0"] = _Blob(told["shapes"][first])

    def reshape(self):
        pass

    def forward(self):
        folder = tempfile.mkdtemp()
        np.savez(folder + "/fed.npz", **dict(("in/" + name, self.blobs[name].data) for name in self.inputs))
        _compute(*(self._files + [folder]))
        with np.load(folder + "/made.npz") as made:
            for name in made.files:
                self.blobs[name[4:]].data = made[name]


class io(object):
    """The part of caffe.io that a recording needs: pictures are .npy files of 0..255, H x W x 3."""

    @staticmethod
    def load_image(path, color=True):
        pixels = np.load(path).astype(np.float32) / np.float32(255)
        return pixels if color else pixels[:, :, :1]

    @staticmethod
    def resize_image(image, size):
        rows = np.arange(size[0]) * image.shape[0] // size[0]
        columns = np.arange(size[1]) * image.shape[1] // size[1]
        return image[rows][:, columns]


def set_mode_cpu():
    pass


if os.environ.get("STANDIN_OLD"):

    class Net(_Net):
        def __init__(self, text, model=""):
            _Net.__init__(self, text, model)

        def set_phase_test(self):
            self.phase = "TEST"
else:
    __version__ = "1.0.0"
    TEST = 1

    class Net(_Net):
        def __init__(self, text, *more):
            assert more[-1] == TEST
            _Net.__init__(self, text, *(more[:-1] or ("",)))
