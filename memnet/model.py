"""MemNet: a Caffe net as a PyTorch module.

Written by convert-caffemodel 0.1.0; needs only torch. Shapes are those of the declared input;
other batch and image sizes work wherever Caffe could reshape the net.

Inputs:
    data  (1, 3, 227, 227)

Outputs:
    fc8-euclidean  (1, 1)
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["MemNet"]


class MemNet(nn.Module):
    # Variable of forward -> Caffe blob, where the names differ.
    blob_names = {
        "fc8_euclidean": "fc8-euclidean",
    }

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, kernel_size=11, stride=4)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.norm1 = nn.LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)
        self.conv2 = nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.norm2 = nn.LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)
        self.conv3 = nn.Conv2d(256, 384, kernel_size=3, padding=1)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=2)
        self.relu4 = nn.ReLU()
        self.conv5 = nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2)
        self.relu5 = nn.ReLU()
        self.pool5 = nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
        self.fc6 = nn.Linear(9216, 4096)
        self.relu6 = nn.ReLU()
        self.drop6 = nn.Dropout(0.5)
        self.fc7 = nn.Linear(4096, 4096)
        self.relu7 = nn.ReLU()
        self.drop7 = nn.Dropout(0.5)
        self.fc8_euclidean = nn.Linear(4096, 1)

    def forward(self, data: Tensor) -> Tensor:
        conv1 = self.conv1(data)  # (1, 96, 55, 55)
        conv1 = self.relu1(conv1)
        pool1 = self.pool1(conv1)  # (1, 96, 27, 27)
        norm1 = self.norm1(pool1)  # (1, 96, 27, 27)
        conv2 = self.conv2(norm1)  # (1, 256, 27, 27)
        conv2 = self.relu2(conv2)
        pool2 = self.pool2(conv2)  # (1, 256, 13, 13)
        norm2 = self.norm2(pool2)  # (1, 256, 13, 13)
        conv3 = self.conv3(norm2)  # (1, 384, 13, 13)
        conv3 = self.relu3(conv3)
        conv4 = self.conv4(conv3)  # (1, 384, 13, 13)
        conv4 = self.relu4(conv4)
        conv5 = self.conv5(conv4)  # (1, 256, 13, 13)
        conv5 = self.relu5(conv5)
        pool5 = self.pool5(conv5)  # (1, 256, 6, 6)
        fc6 = self.fc6(pool5.flatten(1))  # (1, 4096)
        fc6 = self.relu6(fc6)
        fc6 = self.drop6(fc6)
        fc7 = self.fc7(fc6)  # (1, 4096)
        fc7 = self.relu7(fc7)
        fc7 = self.drop7(fc7)
        fc8_euclidean = self.fc8_euclidean(fc7)  # (1, 1)
        return fc8_euclidean
