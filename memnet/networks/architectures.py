"""The networks that can be trained, by name and with options as plain values, which a recipe and a file can hold.

    model = build("resmem", {"width": 0.125, "resnet_blocks": [1, 1, 1, 1]})

Every module maps (N, 3, 227, 227) to (N, 1) and has the attribute `preprocess`, the rule that feeds it. Options shrink
or vary the published graphs; without any, a graph is the published one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from converter.errors import InvalidNetError

from ..segmenters.named import NAMES as SEGMENTERS
from ..segmenters.named import is_name

if TYPE_CHECKING:
    from torch import nn

    from ..segmenters.frozen import Maps
    from .resmem import ResMem
    from .triplemem import TripleMem

# Those of `triplemem` and `frozen`, which import torch.
BRANCHES = ("small", "author-budget")
MAPS = ("one-hot", "softmax")

Value = bool | int | float | str | tuple[int, ...]
"""What an option may be; lists count as tuples, and where a float is wanted an integer will do."""


def build(name: str, options: Mapping[str, object] | None = None) -> nn.Module:
    """Return an untrained network in train mode, with torch's initial weights.

    Raises:
        InvalidNetError: no such architecture, or an option that it does not have, of another type or out of range.
    """
    options = options or {}
    checked = check_options(name, options)
    module: nn.Module = _builder(name)(**checked)
    return module


def check_options(name: str, options: Mapping[str, object]) -> dict[str, Value]:
    """Return the given options as the architecture takes them; raises as `build` does, without building anything."""
    known = default_options(name)
    checked: dict[str, Value] = {}
    for key, value in options.items():
        if key not in known:
            raise InvalidNetError(
                f"architecture {name!r} has no option {key!r}; it has {', '.join(known)}"
            )
        checked[key] = _typed(name, key, value, known[key])
        _check_range(key, checked[key])
    return checked


def default_options(name: str) -> dict[str, Value]:
    """Return the options of an architecture with their defaults."""
    parameters = inspect.signature(_builder(name)).parameters.values()
    return {each.name: each.default for each in parameters}


def _typed(name: str, key: str, value: object, default: Value) -> Value:
    """Return a value in the type of the option's default."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        whole = [each for each in value if isinstance(each, int) and not isinstance(each, bool)]
        if len(whole) == len(value) and all(each > 0 for each in whole):
            return tuple(whole)
    elif isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, bool | int | float | str) and type(value) is type(default):
        return value
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    raise InvalidNetError(
        f"architecture {name!r}: option {key!r} is {value!r}; it must be "
        f"{wanted.get(type(default), 'a list of whole numbers above 0')}"
    )


def _check_range(key: str, value: Value) -> None:
    fits, wanted = _RANGES.get(key, (bool, ""))
    if wanted and not fits(value):
        shown = list(value) if isinstance(value, tuple) else value
        raise InvalidNetError(f"{key} is {shown!r}; {wanted}")


_RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "width": (
        lambda width: 0 < width <= 4,
        "it is a factor of the channels, above 0 and at most 4",
    ),
    "dropout": (lambda share: 0 <= share <= 1, "it is the share that is dropped, 0 to 1"),
    "resnet_blocks": (lambda blocks: len(blocks) == 4, "a ResNet has four stages"),
    "resnet_width": (lambda channels: channels >= 1, "it must be at least 1"),
    "resnet_classes": (lambda classes: classes >= 1, "it must be at least 1"),
    "segmenter": (lambda name: not name or is_name(name), f"it may be {SEGMENTERS}"),
    "segmenter_classes": (
        lambda classes: classes == 0 or 2 <= classes <= 255,
        "a map can hold 2 to 255 classes; 0 leaves it to the segmenter",
    ),
    "branch": (lambda name: name in BRANCHES, f"it may be {' or '.join(BRANCHES)}"),
    "maps": (lambda name: name in MAPS, f"it may be {' or '.join(MAPS)}"),
}
"""What a value must be beside its type, so that a recipe is refused before anything is read or built."""


def _builder(name: str) -> Callable[..., Any]:
    if name not in _BUILDERS:
        raise InvalidNetError(f"architecture {name!r} is not known; known: {', '.join(NAMES)}")
    return _BUILDERS[name]


def _memnet(*, width: float = 1.0, dropout: float = 0.5, mean: str = "") -> nn.Module:
    from .narrow_memnet import memnet

    return memnet(width=width, dropout=dropout, mean=mean)


def _rebuilt(*, width: float = 1.0, dropout: float = 0.5, sigmoid: bool = False) -> nn.Module:
    from .narrow_memnet import rebuilt_memnet

    return rebuilt_memnet(width=width, dropout=dropout, sigmoid=sigmoid)


# Those of `resmem` and `resnet`, which import torch.
_HIDDEN = (4096, 4096, 2048, 1024, 512, 256)
_BLOCKS = (3, 8, 36, 3)


def _resmem(
    *,
    width: float = 1.0,
    hidden: tuple[int, ...] = _HIDDEN,
    dropout: float = 0.5,
    resnet_blocks: tuple[int, ...] = _BLOCKS,
    resnet_width: int = 64,
    resnet_classes: int = 1000,
) -> ResMem:
    """ResMem with its ResNet frozen, as it was first trained."""
    from .resmem import ResMem
    from .resmem_preprocess import ResMemPreprocess
    from .resnet import ResNet

    resnet = ResNet(resnet_blocks, resnet_width, resnet_classes)
    model = ResMem(width=width, hidden=hidden, resnet=resnet, dropout=dropout, frozen=True)
    model.preprocess = ResMemPreprocess()
    return model


@wraps(_resmem)
def _resmem_retrain(**options: Any) -> ResMem:
    """ResMemRetrain, the released one: the same graph, and the ResNet learns too."""
    model = _resmem(**options)
    model.frozen = False
    model.features.requires_grad_(True)
    model.train()
    return model


def _triplemem(
    *,
    segmenter: str = "none",
    segmenter_classes: int = 0,
    segmenter_output: str = "",
    branch: str = "small",
    maps: str = "one-hot",
    retrain: bool = False,
    width: float = 1.0,
    hidden: tuple[int, ...] = _HIDDEN,
    dropout: float = 0.5,
    resnet_blocks: tuple[int, ...] = _BLOCKS,
    resnet_width: int = 64,
    resnet_classes: int = 1000,
) -> TripleMem:
    """TripleMem; `retrain` lets the ResNet learn, too, but never the segmenter."""
    from ..segmenters.named import find_segmenter
    from .resmem_preprocess import ResMemPreprocess
    from .resnet import ResNet
    from .triplemem import TripleMem

    found = find_segmenter(
        segmenter, classes=segmenter_classes or None, output=segmenter_output or None
    )
    model = TripleMem(
        found,
        branch=branch,
        maps=cast("Maps", maps),
        width=width,
        hidden=hidden,
        resnet=ResNet(resnet_blocks, resnet_width, resnet_classes),
        dropout=dropout,
        frozen=not retrain,
    )
    model.preprocess = ResMemPreprocess()
    return model


_BUILDERS: Mapping[str, Callable[..., Any]] = {
    "memnet": _memnet,
    "memnet-rebuilt": _rebuilt,
    "resmem": _resmem,
    "resmem-retrain": _resmem_retrain,
    "triplemem": _triplemem,
}
NAMES = tuple(_BUILDERS)
