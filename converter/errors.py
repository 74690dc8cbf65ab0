"""The exceptions that a user can meet.

    CaffeError
    ├── FileFormatError     a file is damaged, or not what was asked for
    ├── InvalidNetError     a net definition that cannot be right
    ├── UnsupportedError    layers or features that are not converted; lists all of them
    ├── WeightsError        weights and net disagree; lists all missing, unexpected, misshapen
    └── OutputError         a result cannot be written

Deep code raises the local fact (`stride 3 exceeds kernel 2`). The code at a border knows where
that fact belongs and says so once:

    with context("deploy.prototxt"):
        with context("layer 'pool5'"):
            raise InvalidNetError("stride 3 exceeds kernel 2")

    deploy.prototxt: layer 'pool5': stride 3 exceeds kernel 2
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "CaffeError",
    "FileFormatError",
    "InvalidNetError",
    "OutputError",
    "UnsupportedError",
    "WeightsError",
    "context",
    "listed",
]


class CaffeError(Exception):
    """Base of every error this project raises about its input; `str()` is a message for people."""

    def __init__(self, message: str, where: tuple[str, ...] = ()) -> None:
        super().__init__(message, where)  # both, so that a pickled error comes back whole
        self.message = message
        self.where = where  # outermost place first

    def __str__(self) -> str:
        return ": ".join((*self.where, self.message))

    def within(self, place: str) -> Self:
        """Name one more place around this error, in front of those named; returns the error."""
        if not self.where or self.where[0] != place:  # two borders may name the same file
            self.where = (place, *self.where)
            self.args = (self.message, self.where)
        return self


class FileFormatError(CaffeError):
    """A file is damaged, or is not what was asked for."""


class InvalidNetError(CaffeError):
    """A net definition that cannot be right."""


class UnsupportedError(CaffeError):
    """Layers or features that are not converted; the message lists all of them."""


class WeightsError(CaffeError):
    """Weights and net disagree; the message lists everything missing, unexpected or misshapen."""


class OutputError(CaffeError):
    """A result cannot be written."""


@contextmanager
def context(place: str) -> Iterator[None]:
    """Name `place` in every `CaffeError` that passes through."""
    try:
        yield
    except CaffeError as error:
        raise error.within(place)  # noqa: B904 - the same error, not a new one


def listed(problems: Sequence[str]) -> str:
    """Return one problem as it is, several on lines of their own."""
    return problems[0] if len(problems) == 1 else "".join(f"\n  {problem}" for problem in problems)
