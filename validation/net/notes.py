"""What is said of a judged network in sentences: where the port leaves a judge, and who is nearer to the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .network import Judged

UNSEEN = "not compared, for the port does not show them"
FEW = 8
"""Blobs that are named."""


def network_notes(judged: Judged) -> Iterator[str]:
    """Yield for each judge where the port leaves it, and how the two stand to the truth."""
    for judge in dict.fromkeys(row.judge for row in judged.rows):
        rows = [row for row in judged.rows if row.judge == judge]
        wrong = next((row for row in rows if not row.passed), None)
        if wrong is not None:
            where = f"layer {wrong.layer!r} ({wrong.type}), " if wrong.layer else ""
            seen = "; of the blobs before it not all can be seen" if judged.unseen else ""
            yield f"{judge}: first difference at {where}blob {wrong.blob!r}: {wrong.detail}{seen}"
            if wrong.judge_is_off:
                yield f"{judge}: there it is {judge} that is far from the float64 truth, not the port"
        ratios = [row.ratio for row in rows if row.ratio is not None]
        if ratios and wrong is None:
            yield (
                f"{judge}: from the float64 truth the port is {_mean(ratios):.2g} times as far "
                f"(geometric mean of {len(ratios)} blobs; at most {max(ratios):.2g})"
            )
    if judged.unseen:
        yield f"{UNSEEN}: {_few(judged.unseen)}"


def _few(blobs: Sequence[str]) -> str:
    more = f" and {len(blobs) - FEW} more" if len(blobs) > FEW else ""
    return ", ".join(map(repr, blobs[:FEW])) + more


def _mean(ratios: Sequence[float]) -> float:
    """Geometric; a blob without any error counts as a hundredth."""
    from statistics import geometric_mean

    return geometric_mean(max(ratio, 0.01) for ratio in ratios)
