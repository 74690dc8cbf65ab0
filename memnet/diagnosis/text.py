"""A diagnosis in plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .diagnose import SMALL, Diagnosis, Spread, tolerated
from .feedings import ALL_RIGHT, RIGHT

NARROW = 0.1
"""Share of the right spread; RGB for BGR, another mean or another resize stay far above it."""


def report(found: Diagnosis) -> str:
    """Return the table and what it says, lines of at most 80 characters."""
    from textwrap import fill

    paragraphs = [
        fill(text, 80, break_on_hyphens=False)
        for text in (_what(found), *_judgement(found), *_averaging(found))
    ]
    return "\n\n".join((paragraphs[0], table(found), *paragraphs[1:]))


def table(found: Diagnosis) -> str:
    """Return a line for each feeding: means and standard deviations, and which give what was observed."""
    head = f"{'fed':<22}{'mean':>9}{'sd, centre':>13}{'sd, ten':>11}{'within':>11}   as observed"
    return "\n".join((head, *(_line(found, spread) for spread in found.spreads)))


def _line(found: Diagnosis, spread: Spread) -> str:
    name = spread.feeding.name
    ten = (
        f"{spread.sd('ten'):>11.5f}{spread.within():>11.5f}"
        if spread.has_ten
        else f"{'-':>11}{'-':>11}"
    )
    mark = "   yes" if name in found.alike else ""
    return f"{name:<22}{spread.of('center').mean():>9.4f}{spread.sd('center'):>13.5f}{ten}{mark}"


def _what(found: Diagnosis) -> str:
    observed, pictures = found.observed, len(found.right.scores)
    which = "one crop" if observed.crops == "center" else "ten crops"
    return (
        f"Judged: {observed.source}, with a standard deviation (sd) of {observed.sd:.5f} over pictures, {which}. "
        f"Compared with what the model gives for {pictures} pictures when it is fed rightly and when it is not "
        "(centre: sd over pictures of the central crop's score; ten: of the average of ten crops; within: over the "
        "crops of one picture):"
    )


def _judgement(found: Diagnosis) -> Iterator[str]:
    yield _verdict(found)
    right = found.right.sd(found.observed.crops)
    if found.observed.sd < SMALL * right:
        yield (
            f"The observed scores spread {found.observed.sd / right:.3f} times as far as they do when the model is "
            "fed rightly: they hardly differ, and no ranking should rest on them."
        )


def _verdict(found: Diagnosis) -> str:
    if found.is_right:
        return _nothing_wrong(found)
    if not ALL_RIGHT.isdisjoint(found.alike):
        return "NOT EXPLAINED: one crop spreads as far as it should, but ten crops farther than they can."
    if found.alike:
        return _wrong(found)
    return (
        "NOT EXPLAINED: neither the right feeding nor any of these mistakes gives what was observed. "
        f"{_nearest(found)} Other weights, another mean, two mistakes at once, or pictures of another kind would."
    )


def _nothing_wrong(found: Diagnosis) -> str:
    alike = found.alike
    if found.observed.scores is not None and RIGHT not in alike:
        return f"Fed rightly: the scores of single pictures agree with {_told(found, ALL_RIGHT)}."
    if found.observed.scores is not None:
        return f"Fed rightly: the scores of single pictures agree.{_also(alike)}"
    factor = tolerated(len(found.right.scores))
    return (
        "Nothing speaks against the feeding: fed rightly, the model gives about this spread (within a factor of "
        f"{factor:.2f}, which chance explains).{_also(alike)}{_ask_for_scores(alike)}"
    )


def _wrong(found: Diagnosis) -> str:
    told = _told(found, found.alike)
    if found.observed.scores is not None:
        return f"FED WRONGLY: these scores of single pictures are what the model gives when it is fed {told}."
    return (
        f"FED WRONGLY, it seems: about this spread is what the model gives when it is fed {told}."
        f"{_ask_for_scores(found.alike)}"
    )


def _told(found: Diagnosis, names: Collection[str]) -> str:
    """Say what those of these feedings do that give what was observed."""
    says = {spread.feeding.name: spread.feeding.says for spread in found.spreads}
    return "; or ".join(f"{says[name]} ({name})" for name in found.alike if name in names)


def _nearest(found: Diagnosis) -> str:
    """Say how far the two nearest feedings are from what was observed."""
    observed, by_score = found.observed, found.observed.scores is not None
    told = []
    for match in found.matches[:2]:
        sd = match.spread.sd(observed.crops)
        how = (
            f"single scores differ by {match.distance:.2g} of their spread"
            if by_score
            else f"spreads {sd / observed.sd:.2g} times as far"
            if observed.sd
            else f"spreads by {sd:.2g}"
        )
        told.append(f"{match.spread.feeding.name!r} ({how})")
    return f"The nearest are {' and '.join(told)}."


def _also(alike: tuple[str, ...]) -> str:
    others = [name for name in alike if name != RIGHT]
    if not others:
        return ""
    return f" These pictures do not tell it from: {', '.join(others)}."


def _ask_for_scores(alike: tuple[str, ...]) -> str:
    """A spread is one number; single scores tell mistakes apart that spread alike."""
    if len(alike) < 2:
        return ""
    return " Give the scores themselves with --scores to tell them apart."


def _averaging(found: Diagnosis) -> Iterator[str]:
    right = found.right
    parts = right.part_sds()
    yield (
        f"Crops do not widen a distribution: the sd of an average is at most the largest sd of its parts. Here, fed "
        f"rightly, single crops have sds from {parts.min():.5f} to {parts.max():.5f}, and the average of all ten "
        f"{right.sd('ten'):.5f}."
    )
    one, ten = found.observed.sd, found.observed.ten_sd
    if ten is None:
        return
    if found.is_impossible:
        times = f" {ten / one:.0f} times as far as one crop" if one else ", and one crop not at all"
        yield (
            f"So one crop with {one:g} and ten crops with {ten:g} cannot be the same model fed the same way: the "
            f"averages spread{times}. Averaging is not what made the difference; the one-crop run was fed other "
            f"input than the ten-crop run. {_narrowing(found)}"
        )
    else:
        yield f"One crop with {one:g} and ten crops with {ten:g} can be the same model fed the same way."


def _narrowing(found: Diagnosis) -> str:
    """Name the mistakes that narrow one crop's scores as nothing else does."""
    names = [
        repr(spread.feeding.name)
        for spread in found.spreads[1:]
        if spread.sd("center") < NARROW * found.right.sd("center")
    ]
    if not names:
        return "None of the mistakes tried narrows one crop's scores to a tenth."
    return f"Of the mistakes tried, one crop's scores are narrowed to less than a tenth by {' and '.join(names)} alone."
