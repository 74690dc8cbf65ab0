"""Pooling's mask over the whole plane, and SPP where Caffe refuses it."""

from __future__ import annotations

import pytest
from net_text import check_text, inputs, normal, read_text

from converter.errors import InvalidNetError, UnsupportedError

SPP = 'layer {{ name: "s" type: "SPP" bottom: "x" top: "y" spp_param {{ {} }} }}'


def test_mask_of_global_pooling_equals_reference(tmp_path) -> None:
    text = inputs(x=(2, 3, 4, 5)) + (
        'layer { name: "p" type: "Pooling" bottom: "x" top: "y" top: "mask" pooling_param { global_pooling: true } }'
    )
    check_text(tmp_path, text, {"x": normal(2, 3, 4, 5)}, {"x": normal(1, 3, 7, 6)})


def test_spp_follows_the_size_of_the_map(tmp_path) -> None:
    text = inputs(x=(2, 3, 8, 8)) + SPP.format("pyramid_height: 3 pool: AVE")
    check_text(tmp_path, text, *({"x": normal(2, 3, height, 19)} for height in (6, 7, 9, 13)))


@pytest.mark.parametrize(
    ("param", "error", "message"),
    [
        ("pyramid_height: 3", InvalidNetError, "too much for a map of 5 x 8"),
        ("pool: MAX", InvalidNetError, "pyramid_height is 0"),
        ("pyramid_height: 2 pool: STOCHASTIC", UnsupportedError, "no CPU implementation"),
    ],
)
def test_spp_that_caffe_refuses_is_refused(tmp_path, param, error, message) -> None:
    with pytest.raises(error, match=message):
        read_text(tmp_path, inputs(x=(1, 2, 5, 8)) + SPP.format(param))
