"""A bar with rate and time left on stderr, where a person sees it; and lines that do not tear it."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self
from unicodedata import east_asian_width


def one_line(text: str) -> str:
    """Return a text with line ends and other control characters, which file names may have, as Python writes them."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a Chinese, Japanese or Korean character."""
    return len(text) + sum(east_asian_width(char) in {"F", "W"} for char in text)


class Progress:
    """Counts pictures; silent where stderr is no terminal, or when asked to be."""

    def __init__(self, total: int, *, done: int = 0, quiet: bool = False) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            initial=done,
            unit="image",
            file=sys.stderr,
            disable=quiet or not sys.stderr.isatty(),
            dynamic_ncols=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def advance(self, count: int) -> None:
        """Count some more pictures."""
        self._bar.update(count)

    def say(self, text: str) -> None:
        """Print a line on stderr, above the bar."""
        self._bar.write(f"memnet: {one_line(text)}", file=sys.stderr)

    def show(self, text: str) -> None:
        """Print a line on stdout."""
        self._bar.write(text, file=sys.stdout)
