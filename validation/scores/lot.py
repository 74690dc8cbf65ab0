"""One lot of images: its checks in the order of the stages, its tables, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from ..report import Check
from .asked import Asked
from .columns import Held, Mask, held_of_file, held_of_run
from .fed_checks import judge_stages
from .images import Judge, Ran, run_images
from .pairs import Lot, order_note, pair_checks, with_centre
from .source import Pictures
from .stages import END_TO_END, NETWORK, PREPROCESSING, SCORES
from .summary import make_table, published
from .table import ScoreTable

STAGES = (SCORES, PREPROCESSING, NETWORK, END_TO_END)
RANK = {"port": 0, "original": 1, "other": 2}


@dataclass(kw_only=True, eq=False)
class Scored:
    """What was found for one lot; the first table has all images that the port has scored."""

    label: str
    checks: list[Check] = field(default_factory=list)
    tables: list[ScoreTable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def checks_of(self, lots: int) -> list[Check]:
        """Return the checks; of one lot among several their names begin with its label."""
        if lots == 1:
            return self.checks
        return [replace(check, name=f"{self.label}: {check.name}") for check in self.checks]


def score_lot(asked: Asked, pictures: Pictures) -> Scored:
    """Score and compare one lot of images."""
    scored = Scored(label=pictures.label)
    lot = Lot(pictures=pictures, rule=asked.rule, net=asked.net, seed=asked.sources.seed)
    judges = list(asked.judges(len(pictures)))
    ran = None
    if asked.from_files:
        scored.notes.append(
            "scores are from files: what is fed, and the network alone, were not compared"
        )
    elif why := asked.why_no_run(pictures):
        scored.checks.append(Check(name="scores of images", detail=why, stage=END_TO_END))
    else:
        ran = _run(asked, pictures, judges)
        told = judge_stages(asked, lot, ran, judges)
        lot = told.lot
        scored.checks += told.checks
        scored.notes += told.notes
    held = _columns(asked, pictures, ran, judges)
    held = _centred(held, scored)
    _compare(asked, lot, held, scored)
    _tabulate(asked, pictures, held, scored)
    scored.notes += [*_of_stages(pictures, scored.checks), *_of_truth(pictures)]
    return scored


def _run(asked: Asked, pictures: Pictures, judges: Sequence[Judge]) -> Ran:
    assert asked.net is not None and asked.rule is not None  # noqa: S101, PT018 (why_no_run has looked)
    own = None if asked.port_is_file else asked.own
    return run_images(
        pictures,
        asked.net,
        asked.rule,
        own if own is not None else asked.rule,
        crops="ten" if "ten" in asked.sources.crops else "center",
        judges=judges,
        files=asked.recordings,
        only=frozenset().union(*(judge.places for judge in judges)) if asked.port_is_file else None,
    )


def _columns(
    asked: Asked, pictures: Pictures, ran: Ran | None, judges: Sequence[Judge]
) -> list[Held]:
    """Return every column there is: the port's first, then the original's, then others."""
    count, names, wanted = len(pictures), pictures.names, asked.sources.crops
    found: list[Held] = []
    for label, file in asked.files.items():
        source = label if label in {"port", "original"} else "other"
        found += held_of_file(label, source, file, names, wanted)  # type: ignore[arg-type]
    if ran is not None and not asked.port_is_file:
        found += held_of_run("port", "port", ran.port, count, wanted)
    for judge in judges if ran is not None else ():
        found += held_of_run(judge.name, "original", judge.scores, count, wanted)
    for file in asked.recordings:
        found += held_of_file(file.path.name, "original", file, names, wanted)
    return sorted(found, key=lambda held: RANK[held.source])


def _centred(held: Sequence[Held], scored: Scored) -> list[Held]:
    """Return the columns with the centre of each recorded ten where the port's centre agrees with it."""
    port = next((one for one in held if one.source == "port" and one.crops == "center"), None)
    if port is None:
        return list(held)
    found = []
    for one in held:
        centred, said = with_centre(port, one) if one.source == "original" else (one, None)
        scored.notes += [said] if said else []
        found.append(centred)
    return found


def _compare(asked: Asked, lot: Lot, held: Sequence[Held], scored: Scored) -> None:
    """Add what is to be said of columns that lack images or crops, and the scores end to end."""
    for column in held:
        if column.order is not None and len(column.order) < len(lot.pictures):
            lacking = [lot.pictures.names[at] for at in np.flatnonzero(~column.known)]
            count = f"{len(lacking):,} of {len(lot.pictures):,} images"
            named = ", ".join(lacking[:4]) + (" ..." if len(lacking) > 4 else "")
            why = f"has no score of {count}: {named}"
            scored.checks.append(Check(name=f"{column.label}: complete", detail=why, stage=SCORES))
    scored.checks += _lacking_crops(asked, held)
    for port, original in product(held, held):
        if (port.source, original.source) == ("port", "original") and port.crops == original.crops:
            scored.checks += pair_checks(lot, port, original)
            if (note := order_note(port, original)) is not None:
                scored.notes.append(note)


def _lacking_crops(asked: Asked, held: Sequence[Held]) -> Iterator[Check]:
    """Yield a check that was not run for each hand that lacks crops that are asked for."""
    hands = {(one.by, one.source): None for one in held if one.source != "other"}
    for by, source in hands:
        crops = {one.crops for one in held if one.by == by and one.source == source}
        if crops == {None} and asked.from_files:
            continue  # two plain columns are of the same crops, whichever these are
        for wanted in asked.sources.crops:
            if wanted not in crops:
                why = (
                    f"{by} has no scores of {wanted} crops"
                    if None not in crops
                    else (f"{by} does not say of which crops its scores are; ask for one kind")
                )
                yield Check(name=f"{by}: scores, {wanted}", detail=why, stage=SCORES)


def _tabulate(asked: Asked, pictures: Pictures, held: Sequence[Held], scored: Scored) -> None:
    """Make the table of the images that the port has scored, and one for each hand that has scored only some."""
    ports = [one for one in held if one.source == "port"] or list(held[:1])
    if not ports:
        return
    base = np.all([one.known for one in ports], axis=0)
    whole = [one for one in held if one.known[base].all()]
    _add_table(asked, pictures, whole, base, scored)
    for by in dict.fromkeys(one.by for one in held if one not in whole):
        some = [one for one in held if one.by == by and one not in whole]
        known = np.all([one.known for one in some], axis=0) & base
        crops = {one.crops for one in some}
        _add_table(asked, pictures, [*(p for p in ports if p.crops in crops), *some], known, scored)


def _add_table(
    asked: Asked, pictures: Pictures, held: Sequence[Held], known: Mask, scored: Scored
) -> None:
    places = [int(at) for at in np.flatnonzero(known)]
    if not places:
        return
    label = pictures.label
    if len(places) < len(pictures):
        label += f", {len(places):,} of {len(pictures):,} images"
    columns = [one.column(places) for one in held]
    scored.tables.append(make_table(pictures.only(places, label), columns, asked.sources))


def _of_stages(pictures: Pictures, checks: Sequence[Check]) -> Iterator[str]:
    """Yield at which stage a difference begins."""
    failed = {check.stage for check in checks if check.passed is False}
    first = next((stage for stage in STAGES if stage in failed), None)
    if first in {PREPROCESSING, NETWORK, SCORES}:
        agreed = {check.stage for check in checks if check.passed} - failed
        besides = (
            f"; the {NETWORK} alone agrees" if first == PREPROCESSING and NETWORK in agreed else ""
        )
        where = "columns of scores themselves" if first == SCORES else first
        yield f"{pictures.label}: the difference begins in the {where}{besides}"


def _of_truth(pictures: Pictures) -> Iterator[str]:
    """Yield what these data say where somebody published another mean or spread of their labels."""
    kinds = ("mean of labels", "standard deviation of labels")
    stated = [one for one in published(pictures) if one.model == "truth" and one.quantity in kinds]
    if pictures.truth is None or not stated:
        return
    truth = np.array(pictures.truth)
    told = "; ".join(f"{one.quantity} {one.value} ({one.source})" for one in stated)
    yield (
        f"{pictures.label}: the labels' mean is {truth.mean():.3f} and their standard deviation {truth.std():.3f} "
        f"in these data; published: {told}"
    )
