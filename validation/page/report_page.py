"""The page of `report.json`."""

from __future__ import annotations

from types import MappingProxyType

from .about import made, notes
from .blob_section import blobs
from .check_section import checks, not_run
from .document import document
from .markup import Markup, tag
from .parts import badge, facts, shape
from .saved import SavedReport
from .score_section import scores
from .verdict import key_figures, summary

WORDS = MappingProxyType({"passed": "Passed", "failed": "Failed", "incomplete": "Incomplete"})


def report_page(saved: SavedReport) -> str:
    """Return the page."""
    report = saved.report
    parts: list[tuple[str, str, Markup | None]] = [
        ("checks", "Checks", checks(report)),
        ("not-run", "Not run", not_run(report)),
        ("blobs", "Blobs", blobs(report.blobs) if report.blobs else None),
        *(
            (f"scores-{place}", f"Scores: {table.data}", scores(table, f"scores-{place}"))
            for place, table in enumerate(report.scores, 1)
        ),
        ("notes", "Notes", notes(report.notes)),
        ("made", "How made", made(saved.made_by, report.cost, "report.json")),
    ]
    return document(
        f"{WORDS[report.verdict]}: parity of {report.subject}",
        _header(saved),
        [(name, word, part) for name, word, part in parts if part is not None],
        tag("footer", "parity-check"),
    )


def _header(saved: SavedReport) -> Markup:
    report = saved.report
    return tag(
        "header",
        tag("p", "Parity report", class_="eyebrow"),
        tag("h1", report.subject),
        labels(
            untrained=any(note.startswith("UNTRAINED") for note in report.notes),
            synthetic=any(table.synthetic for table in report.scores),
        ),
        tag(
            "div",
            shape(report.verdict),
            tag(
                "div",
                tag("p", WORDS[report.verdict], class_="verdict-word"),
                tag("p", summary(report)),
            ),
            class_=f"verdict {report.verdict}",
        ),
        facts(key_figures(report), "keys"),
    )


def labels(*, untrained: bool, synthetic: bool) -> Markup | None:
    """Return what must not be overlooked."""
    found = [badge("UNTRAINED WEIGHTS")] * untrained + [badge("SYNTHETIC DATA")] * synthetic
    return tag("p", *found, class_="labels") if found else None
