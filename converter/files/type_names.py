"""Caffe's names of layer types in its older formats, and those of today (upgrade_proto.cpp).

V0 and V1 lists are closed: no layer type was ever added to them after V2 came.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["V0_TYPES", "V1_TYPES", "type_name"]

V0_TYPES = MappingProxyType(
    {
        "accuracy": "Accuracy",
        "bnll": "BNLL",
        "concat": "Concat",
        "conv": "Convolution",
        "data": "Data",
        "dropout": "Dropout",
        "euclidean_loss": "EuclideanLoss",
        "flatten": "Flatten",
        "hdf5_data": "HDF5Data",
        "hdf5_output": "HDF5Output",
        "im2col": "Im2col",
        "images": "ImageData",
        "infogain_loss": "InfogainLoss",
        "innerproduct": "InnerProduct",
        "lrn": "LRN",
        "multinomial_logistic_loss": "MultinomialLogisticLoss",
        "pool": "Pooling",
        "relu": "ReLU",
        "sigmoid": "Sigmoid",
        "softmax": "Softmax",
        "softmax_loss": "SoftmaxWithLoss",
        "split": "Split",
        "tanh": "TanH",
        "window_data": "WindowData",
    }
)
"""A V0 type → its V2 name. `padding` is missing: it has none, its pad goes to the next layer."""

V1_TYPES = MappingProxyType(
    {
        1: "Accuracy",
        2: "BNLL",
        3: "Concat",
        4: "Convolution",
        5: "Data",
        6: "Dropout",
        7: "EuclideanLoss",
        8: "Flatten",
        9: "HDF5Data",
        10: "HDF5Output",
        11: "Im2col",
        12: "ImageData",
        13: "InfogainLoss",
        14: "InnerProduct",
        15: "LRN",
        16: "MultinomialLogisticLoss",
        17: "Pooling",
        18: "ReLU",
        19: "Sigmoid",
        20: "Softmax",
        21: "SoftmaxWithLoss",
        22: "Split",
        23: "TanH",
        24: "WindowData",
        25: "Eltwise",
        26: "Power",
        27: "SigmoidCrossEntropyLoss",
        28: "HingeLoss",
        29: "MemoryData",
        30: "ArgMax",
        31: "Threshold",
        32: "DummyData",
        33: "Slice",
        34: "MVN",
        35: "AbsVal",
        36: "Silence",
        37: "ContrastiveLoss",
        38: "Exp",
        39: "Deconvolution",
    }
)
"""A number of V1LayerParameter.LayerType → its V2 name."""


def type_name(stored: str | int, version: str) -> str:
    """The V2 name of a type as stored in a file of `version` V0, V1 or V2; "" where it has none."""
    if isinstance(stored, int):
        return V1_TYPES.get(stored, "")
    return V0_TYPES.get(stored, "") if version == "V0" else stored
