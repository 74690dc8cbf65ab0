"""Which fork's field numbers a file uses: as the user says, or as the file itself tells."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from protos.dialects import DIALECTS
from protos.forks import described
from protos.guess import guess_dialect

from ..errors import InvalidNetError
from .kinds import Kind
from .sniff import identify

__all__ = ["choose_dialect"]


def choose_dialect(path: str | Path, given: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the dialect to read a net with, and a note if it was guessed.

    None where nothing speaks for one fork alone: then a layer's type decides what its numbers mean, and a text needs no
    dialect at all. Raises InvalidNetError for a dialect that is not known.
    """
    if given is not None:
        return _checked(given), ()
    if identify(path) is not Kind.BINARY_NET:
        return None, ()
    from .stored import map_file

    guess = guess_dialect(map_file(Path(path)).data)
    if guess is None:
        return None, ()
    note = (
        f"field numbers are read as those of {described([guess.dialect])}, because {guess.reason}; "
        f"--dialect says otherwise"
    )
    return guess.dialect, (note,)


def _checked(given: str) -> str:
    if given in DIALECTS:
        return given
    near = get_close_matches(given, DIALECTS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InvalidNetError(f"unknown dialect {given!r}; {hint}known are {', '.join(DIALECTS)}")
