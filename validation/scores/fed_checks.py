"""What can be said of images before their scores are compared: what is fed, and the network alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converter.files.digest import sha256_of
from memnet.network import BATCH

from ..report import Check
from .asked import Asked
from .faults import Scorer, recognise_fed, recognise_recorded
from .images import Judge, Ran, stacked
from .pairs import Lot
from .score_file import CENTRE, Doubles, ScoreFile
from .source import Pictures
from .stages import END_TO_END, NETWORK, PREPROCESSING, FedComparison, score_check

if TYPE_CHECKING:
    from memnet.network import Rule


@dataclass(kw_only=True, eq=False)
class Stages:
    """What was found, and the lot that knows it."""

    lot: Lot
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge_stages(asked: Asked, lot: Lot, ran: Ran, judges: Sequence[Judge]) -> Stages:
    """Judge what is fed, and the network alone."""
    told = Stages(lot=lot)
    if ran.unreadable:
        named = "; ".join(f"{name}: {why}" for name, why in list(ran.unreadable.items())[:8])
        count = f"{len(ran.unreadable):,} of {len(lot.pictures):,} images"
        why = f"{count} cannot be read and have no score: {named}"
        told.checks.append(Check(name="images: readable", detail=why, stage=END_TO_END))
    told.checks += _not_finite(ran)
    others = list(_other_images(asked, lot.pictures, ran))
    told.checks += others
    fed_otherwise = None
    if not asked.port_is_file:
        fed_otherwise = _judge_feeding(asked, ran, told)
    network = list(_of_network(asked, lot.pictures, ran, judges))
    told.checks += network
    told.lot = replace(
        lot,
        fed_otherwise=others[0].detail if others else fed_otherwise,
        network_differs=any(check.passed is False for check in network),
    )
    return told


def _not_finite(ran: Ran) -> Iterator[Check]:
    """Yield a failure where the port gives NaN or infinity, which no table can hold."""
    count = sum(not np.isfinite(scores).all() for scores in ran.port.values())
    if count:
        yield Check(
            name="port: finite scores",
            measured=count,
            limit=0,
            passed=False,
            detail=f"NaN or infinity for {count:,} of {len(ran.port):,} images, which are left out below",
            stage=END_TO_END,
        )


def _other_images(asked: Asked, pictures: Pictures, ran: Ran) -> Iterator[Check]:
    """Yield a failure for each recording that was made of other files, where it has their hashes."""
    for file in asked.recordings:
        if file.sha256 is None:
            continue
        rows = file.rows(pictures.names)
        differ = [
            pictures.names[at]
            for at in sorted(ran.right)
            if (row := rows[at]) is not None and _sha256(pictures.paths[at]) != file.sha256[row]
        ]
        if differ:
            named = ", ".join(differ[:4]) + (" ..." if len(differ) > 4 else "")
            yield Check(
                name=f"{file.path.name}: same images",
                measured=len(differ),
                limit=0,
                passed=False,
                detail=f"not the files that were recorded: {named}",
                stage=PREPROCESSING,
            )


def _sha256(path: Path | None) -> str:
    if path is None:
        return ""
    return sha256_of(path)


def _judge_feeding(asked: Asked, ran: Ran, told: Stages) -> str | None:
    """Add the checks of what is fed; returns in words how it differs, or None."""
    how = None
    for comparison in (ran.by_rule, *ran.by_file.values()):
        if not comparison.images:
            continue
        cause = ""
        if not comparison.passed and asked.rule is not None:
            cause = _how(asked.rule, ran, comparison)
            how = how or cause or "in a way that is none of the usual mistakes"
        elif comparison is ran.by_rule and asked.own is None:
            cause = "the port brings no preprocessing of its own, so both are the conversion's"
        if comparison.reordered:
            told.notes.append(
                f"{comparison.name}: the port takes the ten crops in another order, which changes no mean"
            )
        told.checks.append(comparison.check(cause))
    return how


def _how(rule: Rule, ran: Ran, comparison: FedComparison) -> str:
    """Return how the port is fed otherwise; or the recording, where the port is fed as its rule says."""
    if comparison is ran.by_rule or not ran.by_rule.passed:
        return recognise_fed(rule, comparison.examples)
    says = recognise_recorded(rule, comparison.examples)
    return f"{comparison.name} {says}" if says else ""


def _of_network(
    asked: Asked, pictures: Pictures, ran: Ran, judges: Sequence[Judge]
) -> Iterator[Check]:
    """Yield the port's network against each judge on identical arrays, crop by crop."""
    for judge in judges:
        name = f"{judge.name}: network alone"
        if judge.failed:
            yield Check(name=name, detail=judge.failed, stage=NETWORK)
            continue
        places = sorted(judge.scores)
        if not places:
            continue
        some = "" if len(places) == len(ran.right) else f"of {len(ran.right):,}, by a seeded choice"
        ours, theirs = stacked(ran.right, places), stacked(judge.scores, places)
        yield score_check(name, ours, theirs, stage=NETWORK, detail=some)
    for file in asked.recordings:
        yield from _of_recording(asked, pictures, ran, file)


def _of_recording(asked: Asked, pictures: Pictures, ran: Ran, file: ScoreFile) -> Iterator[Check]:
    """Yield the network alone on the arrays that were recorded, or on ours where these were found to be the same."""
    name = f"{file.path.name}: network alone"
    for crops, fed in file.fed.items():
        theirs = file.center[:, None] if crops == "center" and file.center is not None else file.ten
        if asked.net is None or theirs is None or not len(fed):
            continue
        flat = fed.reshape(-1, *fed.shape[-3:])
        ours = _in_batches(asked.net, flat).reshape(len(fed), -1)
        if ours.shape[1] == theirs.shape[1]:
            detail = f"{crops}, on the recorded arrays"
            yield score_check(
                f"{name}, {crops}", ours, theirs[: len(fed)], stage=NETWORK, detail=detail
            )
    fed_alike = ran.right_by_file.get(file.path.name)
    if file.fed or fed_alike is None or not fed_alike.passed or file.ten is None:
        return
    rows = file.rows(pictures.names)
    places = [at for at in sorted(ran.right) if rows[at] is not None]
    theirs = file.ten[[row for at in places if (row := rows[at]) is not None]]
    ours = stacked(ran.right, places)
    if ours.shape[1] == 1 and theirs.shape[1] == 10:
        theirs = theirs[:, [CENTRE]]
    if ours.shape == theirs.shape:
        detail = "on our arrays, which are the recorded ones at the recorded places"
        yield score_check(name, ours, theirs, stage=NETWORK, detail=detail)


def _in_batches(net: Scorer, fed: Doubles) -> Doubles:
    parts = [fed[at : at + BATCH].astype(np.float32) for at in range(0, len(fed), BATCH)]
    return np.concatenate([net(part) for part in parts])
