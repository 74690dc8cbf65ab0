"""What torch's convolutions lack: other numbers of spatial axes, and windows beyond the padded input."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import refuse
from scipy.signal import correlate
from weighted_net import check_sizes, normal

from converter.families.spatial import Window
from converter.layers.convolution import convolve

TEXT = 'layer {{ name: "c" type: "{}" bottom: "x" top: "y" convolution_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("num_output: 2 kernel_size: 2 pad: 1", [(2, 3, 4, 3, 5, 4), (1, 3, 3, 5, 4, 3)]),
        ("num_output: 6 kernel_size: 2 group: 2 bias_term: false", [(2, 4, 3, 4, 3, 5)]),
        ("num_output: 6 group: 2", [(2, 4), (5, 4)]),
        ("axis: 2 num_output: 3", [(3, 2, 4), (4, 5, 4)]),
        ("num_output: 3 kernel_size: 5 stride: 2", [(2, 4, 4, 9), (3, 4, 11, 4)]),
        ("axis: 0 num_output: 3 kernel_size: 5 stride: 3", [(4, 4, 9), (4, 5, 6)]),
        ("axis: 2 num_output: 3 kernel_size: 5 stride: 2", [(2, 3, 4, 4, 9), (3, 1, 4, 6, 7)]),
    ],
)
def test_convolution_beyond_torch_equals_reference(tmp_path, param, shapes) -> None:
    text = TEXT.format("Convolution", param)
    check_sizes(tmp_path, text, *({"x": normal(*shape)} for shape in shapes))


def test_reference_over_four_axes_equals_scipy() -> None:
    x, weight = normal(1, 2, 4, 3, 5, 4), normal(1, 2, 2, 3, 2, 3)
    window = Window(kernel=(2, 3, 2, 3), stride=(1,) * 4, pad=(0,) * 4, dilation=(1,) * 4)
    expected = sum(correlate(x[0, c], weight[0, c], "valid") for c in range(2))
    np.testing.assert_allclose(convolve(x, weight, window, 1)[0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("kernel_size: 2 stride: 2 pad: 1", [(2, 3, 5, 6, 4), (1, 3, 4, 4, 7)]),
        ("axis: 0 kernel_size: 2", [(2, 3, 5), (2, 4, 6)]),
        ("axis: 2 kernel_size: 2", [(2, 3, 5, 6), (3, 1, 5, 8)]),
    ],
)
def test_im2col_over_other_axes_equals_reference(tmp_path, param, shapes) -> None:
    check_sizes(
        tmp_path, TEXT.format("Im2col", param), *({"x": normal(*shape)} for shape in shapes)
    )


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        ('type: "Convolution" bottom: "x" bottom: "x" top: "y"', "2 bottoms and 1 tops"),
        ('type: "Convolution" bottom: "x" bottom: "z" top: "y" top: "w"', "must be equal"),
        ('type: "ConvolutionDepthwise" bottom: "x" bottom: "x" top: "y" top: "w"', "takes 1"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(tmp_path, layer, match) -> None:
    text = f"layer {{ {layer} convolution_param {{ num_output: 2 kernel_size: 2 }} }}"
    refuse(tmp_path, text, match, x=normal(2, 3, 5, 6), z=normal(2, 3, 5, 5))
