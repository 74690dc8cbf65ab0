"""Scores for the bytes of image files, whatever engine brings them: this knows of no folder, cluster or table.

scorer = Scorer(Choice(model="resmem"))               # light; travels to a worker by pickle
scores, errors = score_batch([data, more], scorer)     # the first call in a process loads the model
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from converter.errors import WeightsError

from ..choice import Choice, Identity

if TYPE_CHECKING:
    from ..crops import Floats
    from ..network import Network
    from .stream import Item, Row


class Scorer:
    """A chosen model that is loaded once in each process that uses it."""

    def __init__(
        self, choice: Choice, *, workers: int = 0, expected: Identity | None = None
    ) -> None:
        self.choice = choice
        self.workers = workers
        self.expected = expected
        """What the model must be where it is loaded: another machine may have another file at the same path."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded model behind."""
        return {
            key: value for key, value in vars(self).items() if key not in {"network", "identity"}
        }

    @cached_property
    def network(self) -> Network:
        """The loaded model. Raises WeightsError where it is another than expected."""
        network = self.choice.network()
        if self.expected is None:
            return network
        different = self.choice.identity(network).differences(self.expected)
        if different:
            raise WeightsError(
                f"{self.choice.path}: is not what the run began with: {'; '.join(different)}"
            )
        return network

    @cached_property
    def identity(self) -> Identity:
        """What identifies the model's scores."""
        return self.choice.identity(self.network)

    def rows(self, items: Iterable[Item]) -> Iterator[Row]:
        """Yield a row for each (id, path or bytes), in order, batch by batch."""
        from .ordered import slices
        from .stream import score_groups

        groups = slices(items, self.network.pictures_at_once)
        for rows in score_groups(self.network, groups, workers=self.workers):
            yield from rows


def score_batch(blobs: Sequence[bytes], scorer: Scorer) -> tuple[Floats, list[str | None]]:
    """Return the scores of image files given as bytes, float32 (N,), and for each its error or None.

    A file that cannot be read has the score NaN.
    """
    import numpy as np

    rows = list(scorer.rows(("", bytes(blob)) for blob in blobs))
    scores = [np.float32(np.nan) if row.score is None else row.score for row in rows]
    return np.array(scores, np.float32), [row.error for row in rows]
