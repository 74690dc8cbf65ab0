"""Upsample of both forks: sizes, and what each refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from one_layer import refuse
from weighted_net import check_sizes, normal

from converter.layers.nearest_upsample import LARGEST_SCALE

TEXT = 'layer {{ name: "u" type: "Upsample" bottom: "x" {} top: "y" upsample_param {{ {} }} }}'


@pytest.mark.parametrize("scale", range(2, LARGEST_SCALE + 1))
def test_torch_repeats_every_pixel(scale) -> None:
    found = torch.nn.Upsample(scale_factor=scale)(torch.arange(23.0).expand(1, 1, 1, 23))
    np.testing.assert_array_equal(found[0, 0, 0], np.arange(23).repeat(scale))


def test_last_of_two_values_for_one_place_stays(tmp_path) -> None:
    mask = np.random.default_rng(1).integers(0, 5, (4, 2, 3, 3)) + 0.5
    text = TEXT.format('bottom: "m"', "scale_h: 2 scale_w: 3")
    check_sizes(tmp_path, text, {"x": normal(4, 2, 3, 3), "m": mask})


@pytest.mark.parametrize(
    ("bottom", "param", "match"),
    [
        ('bottom: "m"', "upsample_h: 1 upsample_w: 4", "must be greater than 1"),
        ('bottom: "m"', "scale: 1", "must be greater than 1"),
        ('bottom: "m"', "scale: 3 pad_out_h: true", "pad_out needs scale 2"),
        ('bottom: "m"', "scale_h: 3", "scale_h and scale_w"),
        ("", "scale: 0", "from 1 to 40"),
    ],
)
def test_sizes_that_the_forks_refuse_are_refused(tmp_path, bottom, param, match) -> None:
    x = normal(1, 2, 2, 3)
    refuse(tmp_path, TEXT.format(bottom, param), match, x=x, m=x)
