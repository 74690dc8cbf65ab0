"""BatchNorm's many axes, shared statistics and means far from 0."""

from __future__ import annotations

import numpy as np
import pytest
from net_text import check_text, inputs, normal, read_text

from converter import tolerance
from converter.errors import UnsupportedError
from converter.layers.batch_norm import BatchNorm

TEXT = 'layer {{ name: "{0}" type: "BatchNorm" bottom: "x" top: "{0}" {1} }}'
SHARED = 'param { name: "m" } param { name: "v" } param { name: "f" }'


def test_six_axes_equal_reference(tmp_path) -> None:
    text = inputs(x=(2, 3, 2, 4, 3, 2)) + TEXT.format("y", "")
    check_text(tmp_path, text, {"x": normal(2, 3, 2, 4, 3, 2)}, {"x": normal(1, 3, 3, 2, 4, 3)})


def test_shared_statistics_equal_reference(tmp_path) -> None:
    text = inputs(x=(2, 3, 4, 5)) + TEXT.format("y", SHARED) + TEXT.format("z", SHARED)
    module = check_text(tmp_path, text, {"x": normal(3, 3, 2, 5)})
    np.testing.assert_array_equal(module.y.running_mean, module.z.running_mean)


def test_nvcaffe_scale_bias_is_refused(tmp_path) -> None:
    text = inputs(x=(2, 3, 4, 5)) + TEXT.format("y", "batch_norm_param { scale_bias: true }")
    with pytest.raises(UnsupportedError, match="split them off as a Scale layer"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("deviations", [0, 1, 3, 10, 30])
def test_float32_error_stays_near_caffes_order_of_operations(deviations) -> None:
    """Torch computes x * a + b: it must not cost more than is allowed, even far from 0."""
    from torch import from_numpy
    from torch.nn import BatchNorm2d

    rng = np.random.default_rng(deviations)
    mean, var = rng.normal(0, 0.5, 9) + deviations, rng.uniform(0.5, 1.5, 9)
    mean, var = (array.astype(np.float32) for array in (mean, var))
    x = (rng.normal(0, 1, (4, 9, 8, 7)) + mean[:, None, None]).astype(np.float32)
    layer = BatchNorm(name="", bottoms=("x",), tops=("y",), use_global_stats=True, eps=1e-5)
    (expected,) = layer.reference([x.astype(float)], [mean, var, np.ones(1)])
    caffe = (x - mean[:, None, None]) / np.sqrt(var + np.float32(1e-5))[:, None, None]
    module = BatchNorm2d(9, affine=False).eval()
    module.running_mean.copy_(from_numpy(mean))
    module.running_var.copy_(from_numpy(var))
    ours, theirs = (np.abs(y - expected).max() for y in (module(from_numpy(x)).numpy(), caffe))
    least = tolerance.FLOAT32_STEP * np.abs(expected).max()
    assert ours / max(theirs, least) <= tolerance.ERROR_RATIO_WORST
