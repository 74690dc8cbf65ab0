"""InnerProduct's `transpose`, whose use is to share a weight with a layer that has none."""

from __future__ import annotations

from weighted_net import check_sizes, normal

LAYER = """layer {{ name: "{0}" type: "InnerProduct" bottom: "{1}" top: "{0}" param {{ name: "w" }}
inner_product_param {{ num_output: {2} transpose: {3} }} }}
"""


def test_tied_autoencoder_keeps_one_weight(tmp_path) -> None:
    text = LAYER.format("code", "x", 3, "false") + LAYER.format("y", "code", 5, "true")
    module = check_sizes(tmp_path, text, {"x": normal(2, 5)}, {"x": normal(7, 5)})
    assert module.y.weight is module.code.weight
