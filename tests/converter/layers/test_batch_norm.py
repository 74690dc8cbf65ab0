"""BatchNorm's many axes, shared statistics and means far from 0."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from one_layer import refuse
from weighted_net import check_sizes, normal

from converter import tolerance
from converter.layers.batch_norm import BatchNorm

TEXT = 'layer {{ name: "{0}" type: "BatchNorm" bottom: "x" top: "{0}" {1} }}'
SHARED = 'param { name: "m" } param { name: "v" } param { name: "f" }'


def test_six_axes_equal_reference(tmp_path) -> None:
    shapes = (2, 3, 2, 4, 3, 2), (1, 3, 3, 2, 4, 3)
    check_sizes(tmp_path, TEXT.format("y", ""), *({"x": normal(*shape)} for shape in shapes))


def test_shared_statistics_equal_reference(tmp_path) -> None:
    text = TEXT.format("y", SHARED) + TEXT.format("z", SHARED)
    module = check_sizes(tmp_path, text, {"x": normal(2, 3, 4, 5)}, {"x": normal(3, 3, 2, 5)})
    np.testing.assert_array_equal(module.y.running_mean, module.z.running_mean)


def test_nvcaffe_scale_bias_is_refused(tmp_path) -> None:
    text = TEXT.format("y", "batch_norm_param { scale_bias: true }")
    refuse(tmp_path, text, "split them off as a Scale layer", x=normal(2, 3))


@pytest.mark.parametrize("deviations", [0, 1, 3, 10, 30])
def test_float32_error_stays_near_that_of_caffes_order(deviations) -> None:
    """Torch computes x * a + b where Caffe subtracts the mean first."""
    rng = np.random.default_rng(deviations)
    mean, var = rng.normal(deviations, 0.5, 9), rng.uniform(0.5, 1.5, 9)
    mean, var = mean.astype(np.float32), var.astype(np.float32)
    x = (rng.normal(0, 1, (4, 9, 8, 7)) + mean[:, None, None]).astype(np.float32)
    layer = BatchNorm(
        name="", bottoms=("x",), tops=("y",), use_global_stats=True, eps=1e-5, momentum=0.001
    )
    (exact,) = layer.reference([x.astype(float)], [mean, var, np.ones(1)])
    module = torch.nn.BatchNorm2d(9, affine=False).eval()
    module.running_mean.copy_(torch.from_numpy(mean))
    module.running_var.copy_(torch.from_numpy(var))
    caffe = (x - mean[:, None, None]) / np.sqrt(var + np.float32(1e-5))[:, None, None]
    ours, theirs = (np.abs(y - exact).max() for y in (module(torch.from_numpy(x)).numpy(), caffe))
    least = tolerance.FLOAT32_STEP * np.abs(exact).max()
    assert ours / max(theirs, least) <= tolerance.ERROR_RATIO_WORST
