"""Filter with other numbers of selected items than recorded, and the counts that Caffe refuses."""

from __future__ import annotations

import numpy as np
import pytest
from one_layer import compute, refuse

TEXT = 'layer { type: "Filter" bottom: "x" bottom: "s" top: "y" }'
X = np.random.default_rng(8).standard_normal((4, 3))


@pytest.mark.parametrize("selector", [[0, 0, 0, 0], [1, 1, 1, 1], [0, -2, 0, 0.5]])
def test_items_with_a_selector_are_kept(tmp_path, selector: list[float]) -> None:
    y = compute(tmp_path, TEXT, x=X, s=np.array(selector))["y"]
    np.testing.assert_array_equal(y, X[np.array(selector) != 0])


def test_selector_of_several_values_per_item_is_refused(tmp_path) -> None:
    refuse(tmp_path, TEXT, "one value for each item", x=X, s=np.ones((4, 2)))


def test_other_batch_of_the_selector_is_refused(tmp_path) -> None:
    refuse(tmp_path, TEXT, "axis 0 must be equal", x=X, s=np.ones(3))


def test_top_for_the_selector_is_refused(tmp_path) -> None:
    text = TEXT.replace('top: "y"', 'top: "y" top: "z"')
    refuse(tmp_path, text, "one top for each bottom but the last", x=X, s=np.ones(4))
