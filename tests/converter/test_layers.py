"""Every layer against recorded Caffe, the float64 reference and its own float64 module."""

from __future__ import annotations

import pytest
from golden import cases, check_case


@pytest.mark.parametrize("name", cases("layers"))
def test_layer_equals_caffe(name: str) -> None:
    check_case("layers", name)


@pytest.mark.parametrize("name", cases("forks"))
def test_fork_layer_equals_its_fork(name: str) -> None:
    check_case("forks", name)
