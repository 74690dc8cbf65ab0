"""The tree of exceptions and how places are added to a message."""

from __future__ import annotations

import pickle

import pytest

from converter import errors
from converter.errors import CaffeError, InvalidNetError, context


def test_places_are_named_outermost_first_and_once() -> None:
    with (
        pytest.raises(InvalidNetError, match=r"^a\.prototxt: layer 'p': stride 3$"),
        context("a.prototxt"),
        context("a.prototxt"),  # two borders may know the same file
        context("layer 'p'"),
    ):
        raise InvalidNetError("stride 3")


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(KeyError, match=r"^'x'$"), context("a.prototxt"):
        raise KeyError("x")


def test_an_error_survives_another_process() -> None:
    error = InvalidNetError("stride 3").within("layer 'p'").within("a.prototxt")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (InvalidNetError, "a.prototxt: layer 'p': stride 3")


def test_all_errors_are_in_the_drawing() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for kind in kinds:
        assert issubclass(kind, CaffeError)
        assert kind.__name__ in (errors.__doc__ or "")
