"""Reports and comparisons of any size for the tests of pages: seeded numbers, real statistics, the real classes."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from memnet import statistics
from memnet.comparison.results import Cell, Comparison, Data, Model, OverSplits, PairedModels
from memnet.literature import figures
from validation.net.blobs import BlobRow
from validation.report import Check, Cost, Report
from validation.scores.table import Column, Pair, ScoreTable, Thumb

HOSTILE = (
    'a"); import os </script><script>document.title = "owned"</script><img src=x onerror=alert(1)>'
)


def blob_rows(
    count: int, judges: tuple[str, ...] = ("reference", "opencv"), fail: int | None = None
) -> list[BlobRow]:
    """Rows of a net; from depth `fail` on they exceed their limit."""
    rng = np.random.default_rng(3)
    return [
        _row(judge, depth, float(rng.lognormal(-15, 0.7)), fail is not None and depth >= fail)
        for judge in judges
        for depth in range(count)
    ]


def _row(judge: str, depth: int, relative: float, failed: bool) -> BlobRow:
    relative = 3e-3 if failed else relative
    known = judge != "reference"
    return BlobRow(
        judge=judge,
        blob=f"block{depth}/conv",
        layer=f"layer{depth}",
        type="Convolution",
        depth=depth,
        shape=(2, 3, 5, 7),
        elements=210,
        relative=relative,
        largest=relative * 9,
        mean=relative,
        steps=relative / 2**-23,
        worst=(1, 0, 4, 6),
        port_value=-1.25,
        judge_value=-1.2500001,
        port_error=relative,
        judge_error=2e-7 if known else None,
        ratio=relative / 2e-7 if known else None,
        limit=1e-5,
        passed=not failed,
    )


def score_table(
    count: int, *, truth: bool = True, synthetic: bool = True, narrow: bool = False
) -> ScoreTable:
    """Port and original with one crop and ten; `narrow`: one crop hardly varies."""
    rng = np.random.default_rng(5)
    people = np.round(rng.beta(9, 3, count), 3)
    ten = 0.74 + 0.35 * (people - people.mean()) + rng.normal(0, 0.055, count)
    one = (
        0.725 + 0.0025 * rng.standard_normal(count) if narrow else ten + rng.normal(0, 0.02, count)
    )
    noise = [rng.normal(0, 2e-8, count) for _ in range(2)]
    scores = {
        "port, center": one + noise[0],
        "original, center": one,
        "port, ten": ten + noise[1],
        "original, ten": ten,
    }
    return ScoreTable(
        data="LaMem test_1",
        synthetic=synthetic,
        names=tuple(f"{place:08}.jpg" for place in range(count)),
        truth=tuple(people.tolist()) if truth else None,
        columns=tuple(_column(label, values) for label, values in scores.items()),
        summaries={
            label: statistics.summarize(values, people, samples=50)
            for label, values in scores.items()
        }
        if truth
        else {},
        distributions={label: statistics.describe(values) for label, values in scores.items()},
        pairs=tuple(_pair(scores, crops, people if truth else None) for crops in ("center", "ten")),
        consistency=statistics.consistency(rng.binomial(80, people), np.full(count, 80)),
        splits={"port, ten": statistics.over_splits([0.5, 0.52, None, 0.51, 0.53])}
        if truth
        else {},
        published=figures(model="MemNet") + figures(model="people"),
        worst=(
            Thumb(name="worst.jpg", picture=picture(), truth=0.5, original=0.7, port=0.7000001),
            Thumb(name="none.jpg", picture="", truth=None, original=None, port=0.6),
        ),
    )


def _column(label: str, values: np.ndarray) -> Column:
    source, _, crops = label.partition(", ")
    return Column(label=label, source=source, crops=crops, scores=tuple(values.tolist()))


def _pair(scores: dict[str, np.ndarray], crops: str, people: np.ndarray | None) -> Pair:
    port, original = scores[f"port, {crops}"], scores[f"original, {crops}"]
    return Pair(
        port=f"port, {crops}",
        original=f"original, {crops}",
        largest=float(abs(port - original).max()),
        mean=float(abs(port - original).mean()),
        spread=float(original.std()),
        paired=None if people is None else statistics.compare(port, original, people, samples=50),
    )


def picture() -> str:
    """A JPEG as a data URI."""
    from PIL import Image

    pixels = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def report(
    rows: list[BlobRow] | None = None,
    tables: tuple[ScoreTable, ...] = (),
    extra: tuple[Check, ...] = (),
    notes: tuple[str, ...] = (),
    subject: str = "memnet.caffemodel",
) -> dict[str, Any]:
    """The parsed JSON of a report."""
    rows = rows or []
    checks = [
        Check(
            name="weights", measured=0, limit=0, passed=True, detail="bit for bit", stage="weights"
        )
    ]
    checks += [
        Check(
            name=f"{row.judge}: {row.blob}",
            measured=row.relative,
            limit=row.limit,
            passed=row.passed,
            stage="network",
        )
        for row in rows
    ]
    found = Report(
        subject=subject,
        checks=(*checks, *extra),
        notes=notes,
        blobs=tuple(rows),
        scores=tables,
        cost=Cost(seconds=12.3, peak_bytes=812_000_000),
    )
    return json.loads(found.to_json())


def comparison(count: int = 200) -> dict[str, Any]:
    """The parsed JSON of a comparison: two models on one set of two splits and on another."""
    rng = np.random.default_rng(9)
    places = (("LaMem", "test_1"), ("LaMem", "test_2"), ("MemCat", None))
    truth = {place: rng.beta(9, 3, count) for place in places}
    scores = {
        (model, place): 0.7 + factor * (people - people.mean()) + rng.normal(0, 0.05, count)
        for place, people in truth.items()
        for model, factor in (("MemNet", 0.3), ("ResMem", 0.7))
    }
    found = Comparison(
        notes=("Seeds 0 to 4.",),
        models=(
            Model(
                name="MemNet", trained_on="LaMem train_1", weights_sha256="ab" * 32, untrained=False
            ),
            Model(name="ResMem", trained_on="LaMem + MemCat", weights_sha256=None, untrained=True),
        ),
        data=tuple(_data(place, people) for place, people in truth.items()),
        cells=tuple(
            _cell(model, place, values, truth[place]) for (model, place), values in scores.items()
        ),
        splits=(
            OverSplits(model="MemNet", data="LaMem", splits=statistics.over_splits([0.5, 0.6])),
            OverSplits(model="ResMem", data="LaMem", splits=statistics.over_splits([0.6, 0.7])),
        ),
        paired=tuple(
            PairedModels(
                data=place[0],
                split=place[1],
                a="MemNet",
                b="ResMem",
                paired=statistics.compare(
                    scores["MemNet", place], scores["ResMem", place], people, samples=50
                ),
            )
            for place, people in truth.items()
        ),
        published=figures(data="LaMem"),
    )
    made_by = {"convert-caffemodel": "1", "python": "3"}
    head = {"format": "memnet-comparison", "version": 1, "made_by": made_by}
    return json.loads(json.dumps(head | asdict(found)))


def _data(place: tuple[str, str | None], people: np.ndarray) -> Data:
    responses = np.full(len(people), 80)
    return Data(
        name=place[0],
        split=place[1],
        n=len(people),
        synthetic=True,
        consistency=statistics.consistency(np.round(people * 80).astype(int), responses)
        if place[0] == "MemCat"
        else None,
        truth=tuple(people.tolist()),
        names=tuple(map(str, range(len(people)))),
        left_out=0,
    )


def _cell(
    model: str, place: tuple[str, str | None], values: np.ndarray, people: np.ndarray
) -> Cell:
    seen = (
        "seen in training: 150 of 200 images" if (model, place[0]) == ("ResMem", "MemCat") else None
    )
    return Cell(
        model=model,
        data=place[0],
        split=place[1],
        crops="center",
        seen=seen,
        warnings=("the scores hardly vary",) if model == "MemNet" and place[0] == "MemCat" else (),
        summary=statistics.summarize(values, people, samples=50),
        scores=tuple(values.tolist()),
    )
