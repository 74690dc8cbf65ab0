"""SPP on maps of other sizes, and where Caffe refuses it."""

from __future__ import annotations

import pytest
from one_layer import refuse
from weighted_net import check_sizes, normal

TEXT = 'layer {{ name: "s" type: "SPP" bottom: "x" top: "y" spp_param {{ {} }} }}'


def test_spp_follows_the_size_of_the_map(tmp_path) -> None:
    text = TEXT.format("pyramid_height: 3 pool: AVE")
    check_sizes(tmp_path, text, *({"x": normal(2, 3, height, 19)} for height in (8, 6, 7, 9, 13)))


@pytest.mark.parametrize(
    ("param", "match"),
    [
        ("pyramid_height: 3", "too much for a map of 5 x 8"),
        ("pool: MAX", "pyramid_height is 0"),
        ("pyramid_height: 2 pool: STOCHASTIC", "no CPU implementation"),
    ],
)
def test_spp_that_caffe_refuses_is_refused(tmp_path, param, match) -> None:
    refuse(tmp_path, TEXT.format(param), match, x=normal(1, 2, 5, 8))
