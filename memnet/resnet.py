"""ResNet-152 in its usual form of 2017 ("v1.5"): in each block the 3 x 3 convolution strides, not the first 1 x 1.

K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1. Attributes are
named as in the state dicts that go around (`layer1.0.conv1`, `layer1.0.downsample.0`, `fc`), so that these load.
"""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = (3, 8, 36, 3)
"""Blocks in each of the four stages of ResNet-152."""
EXPANSION = 4
"""Channels that leave a block, over those of its 3 x 3 convolution."""
CLASSES = 1000


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


class ResNet152(nn.Module):
    """(N, 3, H, W) -> (N, 1000) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = _stage(64, 64, BLOCKS[0], stride=1)
        self.layer2 = _stage(256, 128, BLOCKS[1], stride=2)
        self.layer3 = _stage(512, 256, BLOCKS[2], stride=2)
        self.layer4 = _stage(1024, 512, BLOCKS[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * EXPANSION, CLASSES)

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
