"""Every file format and prototxt style, against recorded Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from golden import GOLDENS, cases, check_case, load_case

from converter.loading import to_module
from converter.tracing import trace
from converter.weights import load_weights

SAME_NET = (
    "v0_binary",
    "v0_binary_v0_proto",
    "v1_binary_legacy_dims",
    "v1_binary_v1_proto",
    "v1_binary_shape",
    "v2_binary",
    "v2_hdf5",
    "v2_legacy_dims",
    "v2_double_data",
    "v2_with_diff",
    "v2_unpacked_floats",
    "v2_unknown_field",
)


@pytest.mark.parametrize("name", cases("formats"))
def test_format_equals_caffe(name: str) -> None:
    check_case("formats", name)


@pytest.mark.parametrize("name", cases("nets"))
def test_net_equals_caffe(name: str) -> None:
    check_case("nets", name)


@pytest.mark.parametrize("name", SAME_NET)
def test_one_net_is_bitwise_equal_in_every_format(shared, name: str) -> None:
    net, path, fed, _ = load_case("formats", name)
    _, first, _, _ = load_case("formats", "v2_binary")
    theirs, ours = load_weights(first), load_weights(path)
    for layer in theirs:
        for one, other in zip(theirs[layer], ours.get(layer, ()), strict=True):
            assert np.array_equal(one, other), layer
    expected = trace(to_module(load_case("formats", "v2_binary")[0], theirs), fed)
    found = trace(to_module(net, ours), fed)
    for blob, array in expected.items():
        assert np.array_equal(found[blob], array), blob


def test_memnet_thin_v1_file_equals_the_v2_file(shared) -> None:
    net, path, fed, recorded = load_case("nets", "memnet_thin")
    found = trace(to_module(net, load_weights(GOLDENS / "nets/memnet_thin/net_v1.caffemodel")), fed)
    expected = trace(to_module(net, load_weights(path)), fed)
    for blob in recorded:
        assert np.array_equal(found[blob], expected[blob]), blob
