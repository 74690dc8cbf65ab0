"""Pages in headless Chromium: silent, visible, sortable by mouse and keyboard, on paper, on a phone, in the dark.

Chromium is the system's (Debian: `apt-get install chromium`); playwright drives it and downloads nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import page_samples as samples
import pytest

from validation import page as pages
from validation.report import Check

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 850}
CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of any size."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    if not os.environ.get("REQUIRE_SHARED"):
        pytest.importorskip("playwright", reason="needs playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of every kind, each in a folder of its own."""
    root = tmp_path_factory.mktemp("pages")
    missing = Check(
        name="caffe", detail="pycaffe is not installed; run `parity-check record`", stage="network"
    )
    table = samples.score_table(700, narrow=True)
    found = {
        "passed": samples.report(
            samples.blob_rows(30), (samples.score_table(60, synthetic=False),)
        ),
        "failed": samples.report(
            samples.blob_rows(44, fail=20), (table,), (missing,), ("UNTRAINED: seeded",)
        ),
        "comparison": samples.comparison(),
        "hostile": _hostile(),
    }
    for name, report in found.items():
        pages.write_page(report, root / name)
    return root


def _hostile() -> dict[str, Any]:
    name = samples.HOSTILE
    rows = [
        replace(row, blob=f"{name}{row.depth}", layer="x" * 300) for row in samples.blob_rows(5)
    ]
    columns = {"data": "y" * 200, "names": (name,) * 25}
    return samples.report(
        rows, (replace(samples.score_table(25), **columns),), notes=(name,), subject="z" * 300
    )


PAGES = ("passed", "failed", "comparison", "hostile")


@dataclass
class Seen:
    """A page, and what it complained about."""

    page: Any
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def show(browser: Any, folder: Path) -> Iterator[Any]:
    contexts = []

    def opened(name: str, **options: Any) -> Seen:
        contexts.append(browser.new_context(**{"viewport": DESK, **options}))
        contexts[-1].set_default_timeout(300_000)  # milliseconds; it ends what hangs
        seen = Seen(contexts[-1].new_page())
        seen.page.on("console", lambda message: seen.troubles.append(message.text))
        seen.page.on("pageerror", lambda error: seen.troubles.append(str(error)))
        seen.page.on("dialog", lambda dialog: seen.troubles.append(dialog.message))
        seen.page.on("requestfailed", lambda request: seen.troubles.append(request.url))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto((folder / name / "index.html").as_uri())
        return seen

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_silent_and_its_figures_are_visible(show: Any, name: str) -> None:
    seen = show(name)
    assert seen.troubles == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:"))] == []
    boxes = seen.page.eval_on_selector_all(
        "figure svg",
        "all => all.map(one => { const box = one.getBoundingClientRect(); return [box.width, box.height] })",
    )
    assert boxes
    assert all(width > 200 and height > 100 for width, height in boxes)
    assert seen.page.title() != "owned"


def column(page: Any, table: str, head: str) -> list[str]:
    return page.evaluate(
        """([table, head]) => {
            const found = document.getElementById(`${table}-caption`).closest("table");
            const at = [...found.tHead.rows[0].cells].findIndex(one => one.textContent === head);
            return [...found.tBodies[0].rows].map(row => row.cells[at].dataset.key ?? row.cells[at].textContent);
        }""",
        [table, head],
    )


def test_a_click_sorts_and_another_turns_it_round(show: Any) -> None:
    page = show("failed").page
    head = page.locator("th:has-text('Relative error')")
    before = column(page, "blob-table", "Relative error")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    after = column(page, "blob-table", "Relative error")
    assert after == sorted(before, key=float, reverse=True) != before
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, "blob-table", "Relative error") == sorted(before, key=float)
    assert page.locator("#said").text_content() == "Sorted by Relative error, ascending"


def test_the_keyboard_reaches_a_head_and_sorts(show: Any) -> None:
    page = show("failed").page
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Depth":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    head = page.locator("th:has-text('Depth')")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, "blob-table", "Depth")[:2] == ["43", "43"]
    page.keyboard.press("Space")
    assert column(page, "blob-table", "Depth")[:2] == ["0", "0"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert column(page, "blob-table", "Blob")[:4:2] == ["block0/conv", "block1/conv"]


def test_numbers_that_are_missing_come_last_both_ways(show: Any) -> None:
    page = show("passed").page
    button = page.locator("th:has-text('Error ratio') button")
    for _ in range(2):
        button.click()
        assert column(page, "blob-table", "Error ratio")[30:] == [""] * 30


def test_it_reads_without_javascript(show: Any) -> None:
    page = show("failed", java_script_enabled=False).page
    assert page.locator("th button").count() == 0
    assert page.get_by_text("Relative error", exact=True).first.is_visible()
    assert page.locator("figure svg").first.is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_never_scrolls_sideways(show: Any, name: str) -> None:
    page = show(name, viewport=PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = page.eval_on_selector_all(
        "figure, header, nav, h2, p",
        "(all, most) => all.filter(one => one.getBoundingClientRect().right > most).map(one => one.outerHTML)",
        PHONE["width"],
    )
    assert [one for one in wide if 'class="unseen"' not in one] == []
    least = page.eval_on_selector_all(
        "figure svg text", "all => Math.min(...all.map(one => one.getBoundingClientRect().height))"
    )
    assert least >= 8


CONTRASTS = """scheme => {
  const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const line = [r, g, b].map(one => one / 255)
      .map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
    return .2126 * line[0] + .7152 * line[1] + .0722 * line[2];
  };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const back = numbers(getComputedStyle(one).backgroundColor);
      if (back.length === 3 || back[3] > 0) return back;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script)")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || ["title", "desc"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const ink = numbers(element.tagName === "text" ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))];
    found.push([(Math.max(a, b) + .05) / (Math.min(a, b) + .05), element.textContent.slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.parametrize("name", ["passed", "failed", "comparison"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_can_be_read_in_both_schemes(show: Any, name: str, scheme: str) -> None:
    page = show(name, color_scheme=scheme).page
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    levels = [int(level) for level in re.findall(r"\d+", back)]
    assert max(levels) < 50 if scheme == "dark" else min(levels) > 240
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert min(contrasts)[0] >= CONTRAST, min(contrasts)


@pytest.mark.parametrize("name", ["failed", "comparison"])
def test_it_prints(show: Any, name: str) -> None:
    seen = show(name, color_scheme="dark")
    paper = seen.page.pdf(format="A4")
    assert len(paper) > 20_000
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", paper)) < 20
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert (
        seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert not seen.page.locator("nav").is_visible()
    seen.page.set_viewport_size({"width": 680, "height": 1000})  # A4 less its margins
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 680


OVERLAPS = """all => all.flatMap(svg => {
  const texts = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
  return texts.flatMap(([a, x], at) => texts.slice(at + 1).filter(([, y]) => {
    const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
    const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
    return wide > 1 && high > 0.25 * Math.min(x.height, y.height);
  }).map(([b]) => `${a} on ${b}`));
})"""


@pytest.mark.parametrize("name", ["passed", "failed", "comparison"])
def test_no_words_of_a_figure_lie_on_others(show: Any, name: str) -> None:
    assert show(name).page.eval_on_selector_all("figure svg", OVERLAPS) == []


@pytest.mark.slow
def test_two_thousand_layers_are_legible_and_sort_soon(show: Any, folder: Path) -> None:
    pages.write_page(samples.report(samples.blob_rows(2000)), folder / "long")
    seen = show("long")
    spent = seen.page.evaluate(
        """() => {
            const begin = performance.now();
            [...document.querySelectorAll("#blobs th button")][6].click();
            document.body.getBoundingClientRect();
            return performance.now() - begin;
        }"""
    )
    assert spent < 60_000  # milliseconds, on a busy machine too
    found = column(seen.page, "blob-table", "Relative error")
    assert len(found) == 4_000
    assert found == sorted(found, key=float, reverse=True)
    assert seen.page.eval_on_selector_all("figure svg", OVERLAPS) == []
    assert len(re.findall(rb"/Type\s*/Page\b", seen.page.pdf(format="A4"))) < 10
    seen.page.set_viewport_size(PHONE)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert seen.troubles == []
