"""ResNets of bottleneck blocks in their usual form ("v1.5"): the 3 x 3 convolution strides, not the first 1 x 1.

K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1. Attributes are
named as in the state dicts that go around (`layer1.0.conv1`, `layer1.0.downsample.0`, `fc`), so that these load.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

BLOCKS = (3, 8, 36, 3)
"""Blocks in each of the four stages of ResNet-152."""
EXPANSION = 4
"""Channels that leave a block, over those of its 3 x 3 convolution."""
CLASSES = 1000
WIDTH = 64


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut, which `downsample` fits to their size."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            None
            if inputs == outputs and stride == 1
            else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, 4 width, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += shortcut
        out: Tensor = self.relu(y)
        return out


class ResNet(nn.Module):
    """(N, 3, H, W) -> (N, classes) logits; ResNet-152 unless told otherwise.

    `blocks` are those of the four stages, `width` the channels of the first stage's 3 x 3 convolutions; each stage has
    twice as many as the one before.
    """

    def __init__(
        self, blocks: Sequence[int] = BLOCKS, width: int = WIDTH, classes: int = CLASSES
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        first, second, third, fourth = blocks
        outputs = EXPANSION * width
        self.layer1 = _stage(width, width, first, stride=1)
        self.layer2 = _stage(outputs, 2 * width, second, stride=2)
        self.layer3 = _stage(2 * outputs, 4 * width, third, stride=2)
        self.layer4 = _stage(4 * outputs, 8 * width, fourth, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * outputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits; no softmax."""
        y = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        out: Tensor = self.fc(self.avgpool(y).flatten(1))
        return out


def _stage(inputs: int, width: int, blocks: int, *, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, width, stride)
    return nn.Sequential(
        first, *(Bottleneck(EXPANSION * width, width, 1) for _ in range(blocks - 1))
    )
