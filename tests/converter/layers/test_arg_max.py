"""ArgMax on axes that were not recorded; the expected order is that of sorted (value, index) pairs."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import expect, refuse

TIES = np.random.default_rng(7).integers(0, 4, (3, 2, 3, 2, 5)).astype(float)


def ranked(values: np.ndarray, top_k: int) -> list[tuple[float, int]]:
    """The largest (value, index) pairs, as std::greater orders them."""
    return sorted(((value, at) for at, value in enumerate(values)), reverse=True)[:top_k]


@pytest.mark.parametrize("top_k", [1, 4])
def test_five_axes_are_ranked_together(tmp_path, top_k: int) -> None:
    text = f'layer {{ type: "ArgMax" bottom: "x" top: "y" argmax_param {{ top_k: {top_k} out_max_val: true }} }}'
    pairs = [ranked(item.ravel(), top_k) for item in TIES]
    both = [[[at for _, at in item], [value for value, _ in item]] for item in pairs]
    expect(tmp_path, text, np.reshape(both, (3, 2, top_k, 1, 1)), x=TIES)


@pytest.mark.parametrize("top_k", [1, 2])
def test_ties_along_an_axis_take_the_larger_index(tmp_path, top_k: int) -> None:
    text = f'layer {{ type: "ArgMax" bottom: "x" top: "y" argmax_param {{ axis: -1 top_k: {top_k} }} }}'
    found = [[at for _, at in ranked(row, top_k)] for row in TIES.reshape(-1, 5)]
    expect(tmp_path, text, np.reshape(found, (3, 2, 3, 2, top_k)), x=TIES)


def test_one_axis_has_one_value_per_item(tmp_path) -> None:
    expect(
        tmp_path, 'layer { type: "ArgMax" bottom: "x" top: "y" }', np.zeros((4, 1, 1)), x=np.ones(4)
    )


def test_top_k_beyond_the_values_is_refused(tmp_path) -> None:
    text = 'layer { type: "ArgMax" bottom: "x" top: "y" argmax_param { axis: 1 top_k: 3 } }'
    refuse(tmp_path, text, "top_k 3 exceeds the 2 values", x=TIES)
