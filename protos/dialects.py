"""The field numbers that Caffe's forks wrote, and the numbers that stand for them in `caffe.proto`.

Forks took the same free numbers for different fields: 150 is Correlation's parameter in FlowNet2
and Upsample's in MobileNet-YOLO, and 143 is Interp's in DeepLab but Input's in BVLC Caffe. So a
number counts only together with the layer's type. A reader of binary files renumbers the raw bytes
of a layer with these tables before it parses them.
"""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIALECTS = (
    "caffe-windows",
    "caffe_ocr",
    "deeplab",
    "enet",
    "fast-rcnn",
    "flownet2",
    "intel",
    "mobilenet-yolo",
    "nvcaffe",
    "pspnet",
    "segnet",
    "shufflenet",
    "ssd",
    "synopsys",
    "yjxiong",
)

UNREAD = 100099
"""A number without a field (reserved in `caffe.proto`): what is renumbered to it is not parsed."""

_SSD = ("ssd", "intel", "mobilenet-yolo", "nvcaffe", "synopsys")

# layer types → our field name → the fork's number → the dialects that use it; () where none of the
# above does. Within one layer type a number means one field in all forks (a test checks), so that
# the dialect need not be known.
_FIELDS: dict[tuple[str, ...], dict[str, dict[int, tuple[str, ...]]]] = {
    ("AnnotatedData",): {"annotated_data_param": {200: _SSD}},
    ("MultiBoxLoss",): {"multibox_loss_param": {201: _SSD}},
    ("Permute",): {"permute_param": {202: _SSD, 224: ("caffe-windows",)}},
    ("PriorBox",): {"prior_box_param": {203: _SSD}},
    ("DetectionOutput",): {"detection_output_param": {204: _SSD}},
    ("DetectionEvaluate",): {"detection_evaluate_param": {205: _SSD}},
    ("VideoData",): {"video_data_param": {207: _SSD}},
    ("Normalize",): {
        "norm_param": {206: _SSD},
        "normalize_param": {214: ("caffe-windows",)},
    },
    ("Interp",): {
        "interp_param": {143: ("deeplab", "pspnet"), 162: ("caffe_ocr",), 163: ("synopsys",)}
    },
    ("BN",): {
        "bn_param": {
            152: ("pspnet",),
            45: ("segnet", "enet", "synopsys"),
            200: ("caffe-windows",),
            137: ("yjxiong",),
            41: (),  # ChenglongChen/batch_normalization
        }
    },
    ("Upsample",): {
        "upsample_param": {
            137: ("segnet",),
            147: ("enet",),
            150: ("mobilenet-yolo",),
            149: (),  # other ports of YOLOv3
            177: ("synopsys",),
        }
    },
    ("DenseImageData",): {"dense_image_data_param": {138: ("segnet", "enet")}},
    ("ROIPooling",): {
        "roi_pooling_param": {
            8266711: ("fast-rcnn", "synopsys"),
            154: ("intel",),
            204: ("caffe-windows",),
            150: ("yjxiong",),
            147: (),  # unnamed forks of Faster R-CNN
        }
    },
    ("PSROIPooling",): {
        "psroi_pooling_param": {
            153: ("intel",),
            220: ("caffe-windows",),
            149: (),  # unnamed forks of R-FCN
        }
    },
    ("Proposal",): {"proposal_param": {219: ("caffe-windows",), 212: ("synopsys",)}},
    ("SmoothL1Loss",): {"smooth_l1_loss_param": {8266712: ("fast-rcnn",), 148: ("intel",)}},
    ("ShuffleChannel",): {
        "shuffle_channel_param": {
            164: ("shufflenet",),
            166: ("synopsys",),
            159: (),  # elsewhere
        }
    },
    ("ReLU6",): {"relu6_param": {211: ("mobilenet-yolo",)}},
    ("Reorg",): {"reorg_param": {149: ("mobilenet-yolo",), 159: ("intel",), 197: ("synopsys",)}},
    ("RegionLoss",): {"region_loss_param": {600: ("mobilenet-yolo",), 209: ("intel",)}},
    ("YoloDetectionOutput",): {"yolo_detection_output_param": {601: ("mobilenet-yolo",)}},
    ("Yolov3DetectionOutput",): {"yolov3_detection_output_param": {602: ("mobilenet-yolo",)}},
    ("Flip",): {"flip_param": {212: ("caffe-windows",)}},
    ("Reverse",): {"reverse_param": {160: ("caffe_ocr",), 261: ("synopsys",)}},
    ("Transpose",): {"transpose_param": {8266710: ("caffe_ocr",)}},
    ("Correlation",): {"correlation_param": {150: ("flownet2", "synopsys")}},
    ("Resample",): {"resample_param": {155: ("flownet2", "synopsys")}},
    ("FlowWarp",): {"flow_warp_param": {159: ("flownet2", "synopsys")}},
    ("Downsample",): {"downsample_param": {156: ("flownet2", "synopsys")}},
    ("RNN", "LSTM"): {"recurrent_param": {151: ("nvcaffe",)}},
}

# BVLC's youngest fields: number → the layer types that have it. Forks gave these numbers to other
# messages, which would be misread or fail to parse; so in other layers they are not parsed.
_BVLC_OWNERS: dict[int, tuple[str, ...]] = {
    137: ("Embed",),
    138: ("Tile",),
    139: ("BatchNorm",),
    140: ("ELU",),
    141: ("Bias",),
    142: ("Scale",),
    143: ("Input",),
    144: ("Crop",),
    145: ("Parameter",),
    146: ("RNN", "LSTM"),
    147: ("Swish",),
    148: ("Clip",),
}

# dialect → fields that it has on every layer, by its own number
_EVERY_LAYER: dict[str, dict[int, str]] = {
    "nvcaffe": {
        145: "forward_type",
        146: "backward_type",
        147: "forward_math",
        148: "backward_math",
        149: "debug",
        150: "cudnn_math_override",
    },
    "flownet2": {157: "reshape_every_iter"},
}


class _Inner(NamedTuple):
    """Numbers inside one parameter message of one layer type."""

    layer_type: str
    number: int  # of the message in the file
    message: str
    names: dict[int, str]  # number inside the message in the file → our field name
    dialects: tuple[str | None, ...]  # None among them: also where the dialect is unknown


_INNER = (
    _Inner(
        "BN",
        45,
        "BNParameter",
        {1: "scale_filler", 2: "shift_filler", 3: "bn_mode"},
        (None, "segnet", "enet", "synopsys"),
    ),
    _Inner("Pooling", 121, "PoolingParameter", {14: "ceil_mode"}, (None, "synopsys")),
    _Inner("Dropout", 108, "DropoutParameter", {2: "sample_weights_test"}, ("segnet", "enet")),
    _Inner(
        "BatchNorm",
        139,
        "BatchNormParameter",
        {5: "scale_filler", 6: "bias_filler", 7: "scale_bias", 15: "engine"},
        ("nvcaffe",),
    ),
)


@functools.cache
def renumbering(layer_type: str, dialect: str | None = None) -> Mapping[int, int]:
    """Number in a binary layer → number in `caffe.proto`, for numbers that a fork may have used.

    Without a dialect every fork's numbers for this layer type hold; they never contradict each
    other. Numbers that cannot be this type's go to `UNREAD`; those that are no key stay.

    Raises:
        ValueError: the dialect is not one of `DIALECTS`.
    """
    _check(dialect)
    numbers = {number: UNREAD for number, types in _BVLC_OWNERS.items() if layer_type not in types}
    if dialect is not None:
        numbers |= _numbers("LayerParameter", _EVERY_LAYER.get(dialect, {}))
    numbers |= _numbers("LayerParameter", dict(_fields_of(layer_type, dialect)))
    return MappingProxyType(numbers)


@functools.cache
def inner_renumbering(
    layer_type: str, dialect: str | None = None
) -> Mapping[int, Mapping[int, int]]:
    """Number of a parameter message in a binary layer → inner number → that in `caffe.proto`.

    The outer number is the file's, before `renumbering`. Needed where two forks share a message
    (`bn_param`), and where a fork added to a BVLC message.

    Raises:
        ValueError: the dialect is not one of `DIALECTS`.
    """
    _check(dialect)
    return MappingProxyType(
        {
            inner.number: MappingProxyType(_numbers(inner.message, inner.names))
            for inner in _INNER
            if inner.layer_type == layer_type and dialect in inner.dialects
        }
    )


def dialects_with_number(layer_type: str, number: int) -> tuple[str, ...] | None:
    """The dialects in which a layer of this type has a parameter under `number`; None if no fork has it."""
    for types, fields in _FIELDS.items():
        if layer_type in types:
            for numbers in fields.values():
                if number in numbers:
                    return numbers[number]
    return None


def dialects_with_scalar(number: int) -> tuple[str, ...]:
    """The dialects that have a scalar under `number` on layers of every type."""
    return tuple(dialect for dialect, numbers in _EVERY_LAYER.items() if number in numbers)


def _fields_of(layer_type: str, dialect: str | None) -> Iterator[tuple[int, str]]:
    """Pairs of original number and field name; all forks' where the dialect has none of its own."""
    pairs = [
        (number, name, dialects)
        for types, fields in _FIELDS.items()
        if layer_type in types
        for name, numbers in fields.items()
        for number, dialects in numbers.items()
    ]
    own = [pair for pair in pairs if dialect in pair[2]]
    return ((number, name) for number, name, _ in own or pairs)


def _check(dialect: str | None) -> None:
    if dialect is not None and dialect not in DIALECTS:
        raise ValueError(f"unknown dialect {dialect!r}; known are {', '.join(DIALECTS)}")


def _numbers(message: str, names: Mapping[int, str]) -> dict[int, int]:
    """A fork's number → ours, by the field's name."""
    from . import messages

    fields = getattr(messages, message).DESCRIPTOR.fields_by_name
    return {number: fields[name].number for number, name in names.items()}
