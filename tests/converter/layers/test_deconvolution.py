"""Deconvolution over batch axes, and its limit."""

from __future__ import annotations

import pytest
from net_text import check_text, inputs, normal

from converter.errors import UnsupportedError

TEXT = 'layer {{ name: "d" type: "Deconvolution" bottom: "x" top: "y" convolution_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("shape", "param", "other"),
    [
        ((3, 4, 5), "axis: 0 num_output: 2 kernel_size: 3 stride: 2 pad: 1", (3, 6, 4)),
        (
            (2, 4, 6, 3, 5),
            "axis: 2 num_output: 4 group: 2 kernel_size: 2 dilation: 3",
            (3, 1, 6, 4, 2),
        ),
    ],
)
def test_deconvolution_over_other_batch_axes_equals_reference(
    tmp_path, shape, param, other
) -> None:
    text = inputs(x=shape) + TEXT.format(param)
    check_text(tmp_path, text, {"x": normal(*shape)}, {"x": normal(*other)})


def test_four_spatial_axes_are_refused(tmp_path) -> None:
    text = inputs(x=(1, 2, 3, 3, 3, 3)) + TEXT.format("num_output: 2 kernel_size: 2")
    with pytest.raises(UnsupportedError, match="4 spatial axes; 1 to 3"):
        check_text(tmp_path, text)
