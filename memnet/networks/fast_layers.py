"""Layers that give what torch's own give, sooner, on the CPU in float32 and for inference alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class BandedNorm(nn.Module):
    """`nn.LocalResponseNorm` without `avg_pool3d` and, for beta 0.75, without `pow`.

    x / (k + alpha / n * sum of x^2 over n neighbouring channels)^beta. The sum is a 1 x 1 convolution with a banded
    matrix: C times as many products as it needs, but in the fastest loop that there is. s^-0.75 is r * sqrt(r) with
    r = 1 / sqrt(s). Takes (N, C, H, W).
    """

    def __init__(self, norm: nn.LocalResponseNorm) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = norm.size, norm.alpha, norm.beta, norm.k
        self._bands: dict[int, tuple[Tensor, Tensor]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return an array of the shape of x."""
        scale = F.conv2d(x * x, *self._band(x.shape[1]))
        if self.beta != 0.75:
            return scale.pow_(-self.beta).mul_(x)
        root = scale.rsqrt_()
        return root.sqrt().mul_(root).mul_(x)

    def _band(self, channels: int) -> tuple[Tensor, Tensor]:
        """Return weight (C, C, 1, 1) and bias (C,); channel c sums c - size // 2 to c + (size - 1) // 2, as torch."""
        if channels not in self._bands:
            at = torch.arange(channels)
            ahead = at[None, :] - at[:, None]
            inside = (ahead >= -(self.size // 2)) & (ahead <= (self.size - 1) // 2)
            weight = inside.to(torch.float32).mul_(self.alpha / self.size)[:, :, None, None]
            self._bands[channels] = (
                weight.contiguous(memory_format=torch.channels_last),
                torch.full((channels,), float(self.k)),
            )
        return self._bands[channels]


class OneDNNLinear(nn.Module):
    """`nn.Linear` by oneDNN, which reads large weights at the memory's speed where few images use them.

    The weights are a copy in oneDNN's own tensor type, and no parameters: they are not in the state dict.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weight = linear.weight.detach().to_mkldnn()
        self._bias = None if linear.bias is None else linear.bias.detach().to_mkldnn()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        return F.linear(x.to_mkldnn(), self._weight, self._bias).to_dense()
