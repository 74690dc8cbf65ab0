"""Pooling's mask over the whole plane."""

from __future__ import annotations

from weighted_net import check_sizes, normal

TEXT = """layer { name: "p" type: "Pooling" bottom: "x" top: "y" top: "mask"
pooling_param { global_pooling: true } }"""


def test_mask_of_global_pooling_equals_reference(tmp_path) -> None:
    check_sizes(tmp_path, TEXT, {"x": normal(2, 3, 4, 5)}, {"x": normal(1, 3, 7, 6)})
