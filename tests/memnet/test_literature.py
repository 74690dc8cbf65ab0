"""Published figures: sourced, found by model and data, and in agreement with one another where they must be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import recorded_scores as recorded

from memnet.literature import PUBLISHED, figures
from memnet.statistics import describe


def value(model: str, data: str, quantity: str, form: str = "") -> float:
    (found,) = (
        each.value
        for each in figures(model, data)
        if each.quantity == quantity and form in each.unit_or_form
    )
    return found


def test_each_figure_is_there_once_and_has_a_source() -> None:
    keys = {(f.model, f.data, f.quantity, f.unit_or_form, f.source) for f in PUBLISHED}
    assert len(keys) == len(PUBLISHED)
    assert all(f.source and f.quantity and f.model and f.data for f in PUBLISHED)


def test_figures_are_found_by_model_and_by_data() -> None:
    assert figures() == PUBLISHED
    assert {f.model for f in figures("people")} == {"people"}
    assert [f.value for f in figures("people", "MemCat")] == [0.78]
    assert sorted(f.value for f in figures("MemNet", "LaMem") if "rho" in f.quantity) == [
        0.565,
        0.57,
    ]
    assert figures("MemNet", "nowhere") == ()


def test_released_resmem_is_off_by_the_root_of_its_squared_error() -> None:
    root = value("ResMemRetrain", "LaMem + MemCat", "error", "'off by")
    square = next(f for f in figures("ResMemRetrain") if f.value == 0.009)
    assert round(square.value**0.5, 2) == round(root, 2)
    assert square.quantity == "mean squared error"


def test_what_was_not_seen_is_marked_reported() -> None:
    marked = {f.model for f in PUBLISHED if f.note.startswith("reported")}
    assert marked == {"ResMem-Net", "Squalli et al.", "ViTMem"}


def test_labels_that_the_post_describes_otherwise_have_a_note(shared: Path) -> None:
    table = recorded.FOLDER / "lamem-splits" / "test_1.txt"
    labels = np.array([float(line.split()[1]) for line in table.read_text().splitlines()])
    found = describe(labels)
    assert value("truth", "LaMem", "mean of labels") != pytest.approx(found.mean, abs=0.02)
    assert value("truth", "LaMem", "standard deviation of labels") > found.sd + 0.02
    for figure in figures("truth", "LaMem"):
        assert f"mean {found.mean:.3f} and standard deviation {found.sd:.3f}" in figure.note


def test_labels_are_as_rarely_low_as_the_posts_say(shared: Path) -> None:
    labels = np.loadtxt(recorded.HUMAN / "lamem_scores_unnamed.txt")
    labels = labels[labels > 0]
    assert np.mean(labels < 0.5) == pytest.approx(
        value("truth", "LaMem + MemCat", "share of labels below 0.5"), abs=0.005
    )
    floor = value("ResMemRetrain", "LaMem + MemCat", "least score")
    (share,) = (f for f in PUBLISHED if f.quantity == "share of images at the least score")
    assert f"{100 * np.mean(labels < floor):.1f}%" in share.note
