"""The registry: each type is found by its file's name, and in no other way."""

from __future__ import annotations

import pytest

from converter.layer import Layer
from converter.layers import FILES, every, find


def test_each_type_lives_in_the_file_named_like_it() -> None:
    ours = {
        name: cls for name, cls in every().items() if cls.__module__.startswith("converter.layers.")
    }
    for name, cls in ours.items():
        assert cls.__module__ == f"converter.layers.{FILES[name.lower()]}"
        assert find(name) is cls
    second = {"nearest_upsample", "segnet_bn", "unit_normalize"}  # another fork's meaning of a type
    assert {FILES[name.lower()] for name in ours} == set(FILES.values()) - second


@pytest.mark.parametrize("name", ["relu", "", "ReLU ", "__init__", "os", "../layer"])
def test_any_other_name_finds_nothing(name: str) -> None:
    assert find(name) is None


def test_a_second_class_for_one_type_is_refused() -> None:
    find("ReLU")
    with pytest.raises(
        TypeError, match=r"'ReLU' is already registered by converter\.layers\.relu\.ReLU"
    ):

        class Other(Layer, type="ReLU"):
            pass
