"""MemNet as a fully convolutional network: an image larger than 227 x 227 gives a map of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.errors import WeightsError

from ..topology import deploy_net

if TYPE_CHECKING:
    from torch import nn

ONLY_MEMNET = "memorability maps are made by MemNet alone, as no other model here is one network of convolutions"


def fully_convolutional(model: nn.Module) -> nn.Module:
    """Return MemNet with its inner products as convolutions, which share the weights of `model`; in eval mode.

    `forward` takes (N, 3, 227 + 32 k, 227 + 32 m) and returns (N, 1, 1 + k, 1 + m). A cell is what the layers after
    `pool5` make of their 6 x 6 window of `pool5`. It is not exactly the score of the 227 x 227 pixels below it taken
    alone: there the convolutions see zeros beyond the border, here they see the picture's next pixels.

    Raises:
        WeightsError: `model` is not a MemNet.
    """
    import torch

    from converter.convolutional import to_fully_convolutional
    from converter.loading import compile_class
    from converter.lower import lower

    program = lower(to_fully_convolutional(deploy_net())).program
    with torch.device("meta"):  # neither memory nor random numbers for what is replaced at once
        module: nn.Module = compile_class(program)()
    wanted = {key: each.shape for key, each in module.state_dict().items()}
    state = model.state_dict()
    if {key: shape.numel() for key, shape in wanted.items()} != {
        key: each.numel() for key, each in state.items()
    }:
        raise WeightsError(f"{type(model).__name__} is not MemNet; {ONLY_MEMNET}")
    views = {key: each.view(wanted[key]) for key, each in state.items()}
    module.load_state_dict(views, assign=True)
    return module.eval()
