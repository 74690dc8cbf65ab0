"""The page of `comparison.json`: models trained on one set, tested on all."""

from __future__ import annotations

from collections.abc import Sequence

from memnet.comparison.cross_table import groups
from memnet.comparison.results import Cell as Tested
from memnet.comparison.results import Comparison, Data
from memnet.statistics import over_splits as mean_over

from ..figures.deciles import deciles
from ..figures.distributions import distributions
from ..figures.numbers import counted, fixed
from ..figures.series import of_models, of_truth
from .about import made, notes
from .cross_section import cross, title, warnings
from .document import document
from .markup import Markup, tag
from .parts import badge, figures, section
from .published import published
from .report_page import labels
from .result_section import over_splits, pairs, results
from .saved import SavedComparison
from .score_tables import people
from .statistics_table import statistics


def comparison_page(saved: SavedComparison) -> str:
    """Return the page. Of several splits the first has figures and statistics; all are in the table of results."""
    found = saved.comparison
    firsts = [group[0] for group in groups(found)]
    parts: list[tuple[str, str, Markup | None]] = [
        ("cross", "Trained on × tested on", cross(found)),
        ("warnings", "Warnings", warnings(found)),
        ("results", "Results", results(found)),
        ("splits", "Splits", over_splits(found)),
        ("pairs", "Pairs", pairs(found.paired)),
        *(
            (f"data-{place}", str(one), one_data(found, one, f"data-{place}"))
            for place, one in enumerate(firsts, 1)
        ),
        ("elsewhere", "Published", elsewhere(found)),
        ("notes", "Notes", notes(found.notes)),
        ("made", "How made", made(saved.made_by, None, "comparison.json")),
    ]
    return document(
        f"Comparison of {counted(len(found.models), 'model')}",
        _header(found),
        [(name, word, part) for name, word, part in parts if part is not None],
        tag("footer", "memnet compare"),
    )


def _header(found: Comparison) -> Markup:
    names = ", ".join(model.name for model in found.models)
    tested = ", ".join(title(group) for group in groups(found))
    return tag(
        "header",
        tag("p", "Comparison of models", class_="eyebrow"),
        tag("h1", names),
        labels(
            untrained=any(model.untrained for model in found.models),
            synthetic=any(one.synthetic for one in found.data),
        ),
        tag("p", f"Tested on {tested}. {_best(found)}"),
    )


def _best(found: Comparison) -> str:
    """Say which trained model ranks best on each set, of those that are not known to have seen it."""
    said = []
    for group in groups(found):
        fair = [
            (rho, model.name)
            for model in found.models
            if (cells := found.cells_of(model, group))
            and not model.untrained
            and not any(cell.seen for cell in cells)
            and (rho := _mean(cells)) is not None
        ]
        if len(fair) > 1:
            rho, best = max(fair)
            said.append(f"{best} on {title(group)}, {fixed(rho)}")
    return (
        f"Highest ρ of models not known to have seen the images: {'; '.join(said)}." if said else ""
    )


def _mean(cells: Sequence[Tested]) -> float | None:
    return mean_over([cell.summary.correlation.rho for cell in cells]).mean


def one_data(found: Comparison, data: Data, name: str) -> Markup | None:
    """Return figures and statistics of all models on one set; nothing where no model was tested on it."""
    cells = _of(found, data)
    if not cells:
        return None
    series = of_models([(cell.model, cell.scores) for cell in cells])
    truth = (of_truth(data.truth),) if data.truth else ()
    summaries = {cell.model: cell.summary for cell in cells}
    return section(
        name,
        str(data),
        badge("SYNTHETIC DATA") if data.synthetic else None,
        tag("p", f"{counted(data.n, 'image')}."),
        figures(
            distributions((*truth, *series), f"{name}-distributions"),
            deciles(series, summaries, f"{name}-deciles"),
        ),
        statistics(f"{name}-statistics", summaries),
        people(data.consistency),
    )


def elsewhere(found: Comparison) -> Markup | None:
    """Return what others have published, apart from what is measured here."""
    shown = published("published", found.published, None)
    return section("elsewhere", "Published", shown) if shown else None


def _of(found: Comparison, data: Data) -> list[Tested]:
    return [cell for cell in found.cells if (cell.data, cell.split) == (data.name, data.split)]
