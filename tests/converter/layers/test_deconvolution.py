"""Deconvolution over other batch axes, and its limit."""

from __future__ import annotations

import pytest
from weighted_net import check_sizes, normal

from converter.errors import UnsupportedError

TEXT = 'layer {{ name: "d" type: "Deconvolution" bottom: "x" top: "y" convolution_param {{ {} }} }}'


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("axis: 0 num_output: 2 kernel_size: 3 stride: 2 pad: 1", [(3, 4, 5), (3, 6, 4)]),
        (
            "axis: 2 num_output: 4 group: 2 kernel_size: 2 dilation: 3",
            [(2, 4, 6, 3, 5), (3, 1, 6, 4, 2)],
        ),
    ],
)
def test_deconvolution_over_other_batch_axes_equals_reference(tmp_path, param, shapes) -> None:
    check_sizes(tmp_path, TEXT.format(param), *({"x": normal(*shape)} for shape in shapes))


def test_four_spatial_axes_are_refused(tmp_path) -> None:
    with pytest.raises(UnsupportedError, match="4 spatial axes; 1 to 3"):
        check_sizes(
            tmp_path, TEXT.format("num_output: 2 kernel_size: 2"), {"x": normal(1, 2, 3, 3, 3, 3)}
        )
