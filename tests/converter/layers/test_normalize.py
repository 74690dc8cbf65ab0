"""Normalize of both forks on other numbers of axes."""

from __future__ import annotations

import pytest
from one_layer import refuse
from weighted_net import check_sizes, normal

TEXT = 'layer {{ name: "n" type: "Normalize" bottom: "x" top: "y" {} }}'


@pytest.mark.parametrize(
    ("shape", "param"),
    [
        ((2, 3, 5), "norm_param { across_spatial: false channel_shared: false }"),
        ((2, 3, 5), "norm_param { channel_shared: false }"),
        ((3, 4, 2, 5), 'top: "norm" normalize_param { normalize_type: "L1" }'),
        ((3, 4, 5), 'top: "norm" normalize_param { }'),
    ],
)
def test_normalize_equals_reference(tmp_path, shape, param) -> None:
    feeds = ({"x": normal(*size)} for size in (shape, (7, *shape[1:-1], 6)))
    check_sizes(tmp_path, TEXT.format(param), *feeds)


@pytest.mark.parametrize(
    ("shape", "param", "match"),
    [
        ((2, 3, 4, 5, 2), "", "2 to 4 axes"),
        ((2, 3), 'top: "norm"', "has 2 top blobs, takes 1"),
        ((2, 3), 'normalize_param { normalize_type: "L3" }', "must be L1 or L2"),
    ],
)
def test_what_the_forks_refuse_is_refused(tmp_path, shape, param, match) -> None:
    refuse(tmp_path, TEXT.format(param), match, x=normal(*shape))
