"""What torch's convolutions lack: other numbers of spatial axes, and windows beyond the padded input."""

from __future__ import annotations

import numpy as np
import pytest
from net_text import check_text, inputs, normal, read_text
from scipy.signal import correlate

from converter.errors import CaffeError
from converter.layers.convolution import convolve
from converter.spatial import Window

CONV = 'layer {{ name: "c" type: "{}" bottom: "x" top: "y" convolution_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("shape", "param", "others"),
    [
        ((2, 3, 4, 3, 5, 4), "num_output: 2 kernel_size: 2 pad: 1", [(1, 3, 3, 5, 4, 3)]),
        (
            (2, 4, 3, 4, 3, 5),
            "num_output: 6 kernel_size: 2 group: 2 stride: 2 bias_term: false",
            [],
        ),
        ((2, 4), "num_output: 6 group: 2", [(5, 4)]),
        ((3, 2, 4), "axis: 2 num_output: 3", [(4, 5, 4)]),
        ((2, 4, 4, 9), "num_output: 3 kernel_size: 5 stride: 2 dilation: 1", [(3, 4, 11, 4)]),
        ((4, 4, 9), "axis: 0 num_output: 3 kernel_size: 5 stride: 3", [(4, 5, 6)]),
        ((2, 3, 4, 4, 9), "axis: 2 num_output: 3 kernel_size: 5 stride: 2", [(3, 1, 4, 6, 7)]),
    ],
)
def test_convolution_beyond_torch_equals_reference(tmp_path, shape, param, others) -> None:
    text = inputs(x=shape) + CONV.format("Convolution", param)
    check_text(tmp_path, text, *({"x": normal(*size)} for size in (shape, *others)))


def test_reference_over_four_axes_equals_scipy() -> None:
    x, weight = normal(1, 2, 4, 3, 5, 4), normal(1, 2, 2, 3, 2, 3)
    window = Window(kernel=(2, 3, 2, 3), stride=(1,) * 4, pad=(0,) * 4, dilation=(1,) * 4)
    expected = sum(correlate(x[0, c], weight[0, c], "valid") for c in range(2))
    np.testing.assert_allclose(convolve(x, weight, window, 1)[0, 0], expected, rtol=1e-12)


def test_im2col_over_three_axes_equals_reference(tmp_path) -> None:
    text = inputs(x=(2, 3, 5, 6, 4)) + CONV.format("Im2col", "kernel_size: 2 stride: 2 pad: 1")
    check_text(tmp_path, text, {"x": normal(2, 3, 5, 6, 4)}, {"x": normal(1, 3, 4, 4, 7)})


@pytest.mark.parametrize("axis", [0, 2])
def test_im2col_over_other_batch_axes_equals_reference(tmp_path, axis) -> None:
    text = inputs(x=(2, 3, 5, 6)) + CONV.format("Im2col", f"axis: {axis} kernel_size: 2")
    check_text(tmp_path, text, {"x": normal(2, 3, 5, 6)}, {"x": normal(2, 3, 5, 8)})


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ('type: "Convolution" bottom: "x" bottom: "x" top: "y"', "2 bottoms and 1 tops"),
        ('type: "Convolution" bottom: "x" bottom: "z" top: "y" top: "w"', "must be equal"),
        ('type: "ConvolutionDepthwise" bottom: "x" bottom: "x" top: "y" top: "w"', "takes 1"),
    ],
)
def test_other_bottoms_are_refused(tmp_path, layer, message) -> None:
    text = inputs(x=(2, 3, 5, 6), z=(2, 3, 5, 5))
    text += f"layer {{ {layer} convolution_param {{ num_output: 2 kernel_size: 2 }} }}"
    with pytest.raises(CaffeError, match=message):
        read_text(tmp_path, text)
