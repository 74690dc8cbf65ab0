"""One slope for all channels, shared by two layers; torch's shape of it is not Caffe's."""

from __future__ import annotations

from weighted_net import check_sizes, normal

LAYER = """layer {{ name: "{0}" type: "PReLU" bottom: "{1}" top: "{0}" param {{ name: "a" }}
prelu_param {{ channel_shared: true }} }}
"""


def test_shared_single_slope_equals_reference(tmp_path) -> None:
    text = LAYER.format("y", "x") + LAYER.format("z", "y")
    module = check_sizes(tmp_path, text, {"x": normal(2, 5, 3)}, {"x": normal(7, 5, 4)})
    assert module.z.weight is module.y.weight
