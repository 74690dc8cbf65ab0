"""ResMem: the graph of the network that the University of Chicago released, and its weights from the user's disk.

Two branches see the picture, an AlexNet and a ResNet-152 with its 1000 logits; seven inner products join them.

C. D. Needell and W. A. Bainbridge, "Embracing New Techniques in Deep Learning for Estimating Image Memorability",
Computational Brain & Behavior 5 (2022). The weights have a licence of their own, for non-commercial use alone; they
are never part of this project, and the licence is named when they are loaded. The package `resmem` is not imported.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from converter.errors import FileFormatError, context

from .resnet import ResNet
from .trained import RECIPE

if TYPE_CHECKING:
    from .resmem_preprocess import ResMemPreprocess

PACKAGE = "resmem"
FILE = "resmem/model.pt"
SHA256 = "8e4b8ab0ac338909add68a674e9bd4c1602350731abe7f97bc060dc159706a53"
"""Of `resmem/model.pt` in resmem 1.1.6."""

CHANNELS = (48, 256, 384, 384, 256)
"""Of conv1 to conv5."""
HIDDEN = (4096, 4096, 2048, 1024, 512, 256)
"""Outputs of fc6 to fc11; fc12 has one."""


class ResMemLicenseWarning(UserWarning):
    """The weights just loaded may be used for non-commercial purposes alone."""


class ResMem(nn.Module):
    """(N, 3, 227, 227) RGB in 0..1 -> (N, 1) memorability in 0..1.

    Without arguments it is the released graph. `width` is a factor of the AlexNet branch's channels, `hidden` are the
    outputs of the inner products from fc6 on, `resnet` another network of pictures to (N, classes). Where it is
    `frozen`, the ResNet has no gradients and keeps its batch statistics, whatever mode the model is in.
    """

    preprocess: ResMemPreprocess

    def __init__(
        self,
        *,
        width: float = 1.0,
        hidden: Sequence[int] = HIDDEN,
        resnet: ResNet | None = None,
        dropout: float = 0.5,
        frozen: bool = False,
        more_features: int = 0,
    ) -> None:
        super().__init__()
        one, two, three, four, five = (narrowed(count, width) for count in CHANNELS)
        self.conv1 = nn.Conv2d(3, one, 11, 4)
        self.conv2 = nn.Conv2d(one, two, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(two, three, 3, padding=1, groups=2)
        self.conv4 = nn.Conv2d(three, four, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(four, five, 3, padding=1, groups=2)
        self.features = ResNet() if resnet is None else resnet
        self.frozen = frozen
        if frozen:
            self.features.eval().requires_grad_(False)
        joined = 36 * five + self.features.fc.out_features + more_features
        self.last = 6 + len(hidden)
        for at, (inputs, outputs) in enumerate(pairwise((joined, *hidden, 1)), 6):
            self.add_module(f"fc{at}", nn.Linear(inputs, outputs))
        for at in range(1, self.last):
            self.add_module(f"relu{at}", nn.ReLU())
        self.drop = nn.Dropout(dropout)
        self.sigmoid = nn.Sigmoid()

    @property
    def blob_modules(self) -> Mapping[str, str]:
        """Blob -> module whose output it is, with in-place layers done, as in Caffe."""
        last = f"fc{self.last}"
        return MappingProxyType(
            {f"conv{at}": f"relu{at}" for at in range(1, 6)}
            | {f"fc{at}": f"relu{at}" for at in range(6, self.last)}
            | {"logits": "features", last: last, "score": "sigmoid"}
        )

    def train(self, mode: bool = True) -> Self:
        """Switch modes, but leave a frozen ResNet in eval mode."""
        super().train(mode)
        if self.frozen:
            self.features.eval()
        return self

    def forward(self, data: Tensor) -> Tensor:
        """Return the memorability."""
        return self.joined(self.branches(data))

    def joined(self, branches: tuple[Tensor, ...]) -> Tensor:
        """Return the memorability from what the branches found."""
        x = torch.cat(branches, 1)
        for at in range(6, self.last):
            x = self._after_relu(f"fc{at}", at, x)
            x = self.drop(x) if at in {6, 7} else x
        out: Tensor = self.sigmoid(self.get_submodule(f"fc{self.last}")(x))
        return out

    def branches(self, data: Tensor) -> tuple[Tensor, ...]:
        """Return what fc6 is fed, in order: AlexNet's (N, 9216) and ResNet's (N, 1000)."""
        return self._alexnet(data), self.features(data)

    def _alexnet(self, data: Tensor) -> Tensor:
        """Return (N, 9216). The order is convolution, ReLU, pooling, normalisation."""
        x = _normalized(_pooled(self._after_relu("conv1", 1, data)))
        x = _normalized(_pooled(self._after_relu("conv2", 2, x)))
        for at in (3, 4, 5):
            x = self._after_relu(f"conv{at}", at, x)
        return _pooled(x).flatten(1)

    def _after_relu(self, layer: str, at: int, x: Tensor) -> Tensor:
        out: Tensor = self.get_submodule(f"relu{at}")(self.get_submodule(layer)(x))
        return out


def narrowed(count: int, width: float) -> int:
    """Return so many channels times `width`, even, for grouped convolutions split them in two."""
    return max(2, 2 * round(count * width / 2))


def _pooled(x: Tensor) -> Tensor:
    return nn.functional.max_pool2d(x, 3, 2)


def _normalized(x: Tensor) -> Tensor:
    """Return the normalisation across channels; squares overflow float16, and no CPU pools bfloat16."""
    x = x.float() if x.dtype in {torch.float16, torch.bfloat16} else x
    return nn.functional.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)


def load_resmem(path: str | Path | None = None) -> ResMem:
    """Return ResMem in eval mode, float32, on the CPU, with the weights in `path`, a state dict written by torch.save.

    Without a path, the file of the installed package `resmem` is taken (`pip install --no-deps resmem`). The weights
    must have exactly ResMem's keys and shapes. Nothing but tensors is unpickled. A ResMemLicenseWarning names the
    licence. The attribute `preprocess` is what `predict` does to an image.

    Raises:
        FileFormatError: there is no such file, or no state dict in it.
        WeightsError: other keys or shapes than ResMem's; all are listed.
    """
    from .resmem_preprocess import ResMemPreprocess

    path = installed_weights() if path is None else Path(path)
    with context(str(path)):
        _refuse_checkpoint(path)
        model = _filled(read_state(path))
    _name_licence(path)
    model.preprocess = ResMemPreprocess()
    return model


def installed_weights() -> Path:
    """Return the path of the weights in the installed package `resmem`, without importing it."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        found = [Path(str(file.locate())) for file in files(PACKAGE) or () if str(file) == FILE]
    except PackageNotFoundError:
        found = []
    if not found:
        raise FileFormatError(
            "ResMem's weights are not shipped: run `pip install --no-deps resmem` (489 MB, for non-commercial use "
            "alone), or give the path of its model.pt"
        )
    return found[0]


def _refuse_checkpoint(path: Path) -> None:
    run = path.absolute().parent.parent
    if (run / RECIPE).is_file():
        raise FileFormatError(f"is a checkpoint of memnet train; give the folder of its run, {run}")


def read_state(path: Path) -> Mapping[str, Tensor]:
    """Return the state dict of a file that torch.save wrote; its pickle may name nothing but tensors.

    Raises:
        FileFormatError: the file is none such.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror or error})") from error
    except (UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise FileFormatError(f"is no PyTorch file of tensors alone ({said_of(error)})") from error
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]  # beside an epoch and the like
    if not isinstance(state, Mapping) or not all(
        isinstance(value, Tensor) for value in state.values()
    ):
        raise FileFormatError("is a PyTorch file, but no state dict: names and tensors")
    return state


def said_of(error: Exception) -> str:
    """Return why `torch.load` refuses a file; torch's own words advise to unpickle it all the same."""
    if isinstance(error, UnpicklingError):
        return "its pickle names something else, which is not run, or is damaged"
    return str(error).splitlines()[0]


def _filled(state: Mapping[str, Tensor]) -> ResMem:
    from ..loading import compare_state

    with torch.device("meta"):  # neither memory nor random numbers for what is replaced at once
        model = ResMem()
    if mismatch := compare_state(model, state):
        raise mismatch.error("ResMem")
    model.load_state_dict(state, assign=True)
    return model.eval().float().requires_grad_(True)


def _name_licence(path: Path) -> None:
    warnings.warn(
        f"{path}: ResMem's weights are under the ResMem Non-commercial License (University of Chicago, 2021): "
        "for non-commercial purposes alone",
        ResMemLicenseWarning,
        stacklevel=3,
    )
