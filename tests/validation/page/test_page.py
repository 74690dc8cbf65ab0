"""Pages and their Markdown: what they hold, that nothing of a file becomes mark-up, sizes, and refused files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import page_samples as samples
import pytest
from conftest import ROOT
from matplotlib.figure import Figure as Canvas

import validation
from converter.errors import CaffeError, FileFormatError, OutputError
from memnet import statistics
from memnet.comparison import results
from memnet.literature import Figure, figures
from validation import page
from validation import report as reports
from validation.figures import numbers
from validation.figures.bland_altman import _frame, _lines
from validation.figures.depth import ROWS, depth
from validation.figures.drawing import label
from validation.net import blobs
from validation.page.markup import Markup, tag
from validation.page.published import Measured
from validation.report import Check
from validation.scores import table as score_table

VOID = {"meta", "img", "br"}


class Read(HTMLParser):
    """The tree of a page, as flat lists; unbalanced tags raise."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))
        if name not in VOID:
            self._open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in {"style", "script"}:
            self.words.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == name]


def written(found: dict[str, Any], folder: Path) -> str:
    path = page.write_page(found, folder)
    assert path == folder / "index.html"
    return path.read_text("utf-8")


def words(text: str) -> str:
    return " ".join(" ".join(Read(text).words).split())


def test_a_failed_report_names_the_first_difference_and_what_was_not_run(tmp_path: Path) -> None:
    extra = (Check(name="caffe", detail="pycaffe is not installed", stage="network"),)
    found = samples.report(samples.blob_rows(12, fail=7), extra=extra)
    said = words(written(found, tmp_path / "new" / "folder"))
    assert "Failed 10 of 26 checks exceed their limits." in said
    assert "First difference at layer layer7 (Convolution), blob block7/conv" in said
    assert "1 check was not run." in said
    assert "Not run These say nothing" in said
    assert "caffe : pycaffe is not installed" in said


def test_the_verdict_says_when_it_is_the_judge_that_is_off(tmp_path: Path) -> None:
    rows = samples.blob_rows(12, ("opencv",))
    off = replace(rows[7], relative=3e-3, port_error=5e-8, judge_error=3e-3, passed=False)
    found = samples.report([*rows[:7], off, *rows[8:]])
    assert "There opencv is far from the float64 truth, not the port." in words(
        written(found, tmp_path)
    )
    assert "not the port" not in words(
        written(samples.report(samples.blob_rows(9, fail=7)), tmp_path)
    )


def test_the_verdict_says_what_a_layer_does_instead(tmp_path: Path) -> None:
    alone = Check(
        name="layer 'layer7' (Convolution) alone",
        measured=0.1,
        limit=1e-5,
        passed=False,
        detail="the bias is left out",
        stage="network",
    )
    found = samples.report(samples.blob_rows(12, fail=7), extra=(alone,))
    sentence = "At fault: layer 'layer7' (Convolution): the bias is left out."
    assert sentence in words(written(found, tmp_path))
    assert sentence in page.markdown(found)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ((), "Passed The one check is within its limit."),
        (
            (Check(name="opencv", detail="not installed"),),
            "Incomplete The 1 check that ran passed, but 1 check was not run: this is no proof yet.",
        ),
        (
            (Check(name="mean", measured=2.5, limit=1, passed=False, stage="preprocessing"),),
            "Failed 1 of 2 checks exceeds its limit. First: mean (preprocessing), 2.50, limit 1.",
        ),
        (
            (
                Check(
                    name="weights",
                    measured=1,
                    limit=0,
                    passed=False,
                    stage="weights",
                    detail="differ: a.weight",
                ),
            ),
            "First: weights, 1, limit 0: differ: a.weight.",
        ),
    ],
)
def test_the_verdict_is_a_word_and_a_sentence(
    tmp_path: Path, extra: tuple[Check, ...], sentence: str
) -> None:
    assert sentence in words(written(samples.report(extra=extra), tmp_path))


def test_lines_of_agreement_are_inside_their_figure() -> None:
    axes, gap = Canvas().subplots(), np.array([1.0, 1.5])  # of two images, 1.96 sd reach farther
    _frame(axes, np.array([0.2, 0.4]), gap, 0)
    _lines(axes, gap, 1.0)
    low, high = axes.get_ylim()
    assert all(low < line.get_ydata()[0] < high for line in axes.lines)


def test_mean_over_splits_stands_beside_one_that_is_published() -> None:
    splits = {"port, ten": statistics.over_splits([0.5, 0.52, 0.51, 0.53, 0.54])}
    measured = Measured(
        data="LaMem test_1",
        summaries={},
        distributions={},
        truth=None,
        consistency=None,
        synthetic=False,
        splits=splits,
    )
    five = next(one for one in figures("MemNet", "LaMem") if one.value == 0.57)
    assert "port, ten, mean of 5 splits: 0.520" in str(measured.beside(five))
    about = next(one for one in figures("MemNet", "LaMem") if one.value == 0.565)
    assert "mean of 5 splits" not in str(measured.beside(about))


def test_scores_have_figures_statistics_and_published_values_apart(tmp_path: Path) -> None:
    table = samples.score_table(300, synthetic=False)
    text = written(samples.report(tables=(table,)), tmp_path)
    said = words(text)
    rho = numbers.fixed(statistics.spearman(table.columns[2].scores, table.truth))
    assert f"port, ten: {rho}" in said
    assert "Khosla et al., ICCV 2015" in said
    assert "SYNTHETIC" not in said
    titles = [attributes["id"] for attributes in Read(text).all("figure")]
    kinds = ("distributions", "calibration", "agreement-0", "agreement-1", "deciles")
    assert {f"figure-scores-1-{kind}" for kind in kinds} <= set(titles)
    assert {f"figure-scores-1-scatter-{place}" for place in range(4)} <= set(titles)
    assert [image["alt"] for image in Read(text).all("img")] == ["worst.jpg"]


def test_published_values_stand_beside_nothing_generated(tmp_path: Path) -> None:
    said = words(written(samples.report(tables=(samples.score_table(40),)), tmp_path))
    assert "SYNTHETIC DATA" in said
    assert "synthetic data: not comparable" in said


def test_without_truth_nothing_is_drawn_against_it(tmp_path: Path) -> None:
    text = written(samples.report(tables=(samples.score_table(50, truth=False),)), tmp_path)
    drawn = [attributes["id"] for attributes in Read(text).all("figure")]
    assert drawn == [
        f"figure-scores-1-{kind}" for kind in ("distributions", "agreement-0", "agreement-1")
    ]
    assert "no truth known" in words(text)


def test_constant_and_equal_scores_are_drawn(tmp_path: Path) -> None:
    table = samples.score_table(30, truth=False)
    flat = tuple(replace(column, scores=(0.5,) * 30) for column in table.columns)
    text = written(
        samples.report(tables=(replace(table, columns=flat, distributions={}),)), tmp_path
    )
    assert "Every score of the port is the original's, bit for bit." in words(text)


def test_a_comparison_marks_what_was_seen_in_training(tmp_path: Path) -> None:
    found = samples.comparison()
    rhos = [
        cell["summary"]["correlation"]["rho"] for cell in found["cells"] if cell["data"] == "LaMem"
    ]
    text = written(found, tmp_path)
    said = words(text)
    for expected in (
        f"{np.mean(rhos[::2]):.3f} ± {np.std(rhos[::2], ddof=1):.3f}",
        "LaMem, 2 splits",
        "◐ seen in training",
        "seen in training: 150 of 200 images (ResMem on MemCat)",
        "the scores hardly vary (MemNet on MemCat)",
        "UNTRAINED WEIGHTS",
        "SYNTHETIC DATA",
        "people half against half",
        "Published by the source named; not measured here",
    ):
        assert expected in said
    drawn = [attributes["id"] for attributes in Read(text).all("figure")]
    assert drawn == [
        f"figure-data-{place}-{kind}" for place in (1, 2) for kind in ("distributions", "deciles")
    ]


@pytest.mark.parametrize("found", [samples.report(samples.blob_rows(9)), samples.comparison()])
def test_a_page_asks_for_nothing_and_its_links_and_ids_are_right(
    tmp_path: Path, found: dict[str, Any]
) -> None:
    text = written(found, tmp_path)
    read = Read(text)
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for _, attributes in read.tags if "href" in attributes]
    assert {f"#{one}" for one in ids} >= set(links)
    assert not re.search(r"https?://|@import|url\((?!#)", text)
    (policy,) = (one["content"] for one in read.all("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'; img-src data:;")
    for svg in read.all("svg"):
        assert svg.get("aria-hidden") == "true" or {
            svg["aria-labelledby"],
            svg["aria-describedby"],
        } <= set(ids)


def test_nothing_of_a_file_becomes_mark_up(tmp_path: Path) -> None:
    name = samples.HOSTILE
    rows = [
        replace(row, blob=name, layer=name, type=name, judge=name) for row in samples.blob_rows(1)
    ]
    table = samples.score_table(25)
    thumb = replace(table.worst[0], name=name, picture='x" onerror="alert(1)')
    columns = tuple(replace(one, label=f"{one.label}{name}") for one in table.columns)
    hostile = replace(table, data=name, names=(name,) * 25, columns=columns, worst=(thumb,))
    extra = (
        Check(name=name, detail=name),
        Check(name="b", measured=1, limit=2, passed=True, stage=name),
    )
    text = written(samples.report(rows, (hostile,), extra, (name,), name), tmp_path)
    read = Read(text)
    assert len(read.all("script")) == 1
    assert not read.all("img")
    assert not any(key.startswith("on") for _, attributes in read.tags for key in attributes)
    assert name in "".join(read.words)


@pytest.mark.parametrize(
    "name",
    [
        "$x$",
        "conv\n1",
        "日本",
        "_private",
        "mathdefault_{x}^2",
        "\ud800",
        "\x00\x1b",
        "",
        "x" * 500,
    ],
)
def test_any_name_can_be_drawn(tmp_path: Path, name: str) -> None:
    rows = [replace(row, blob=name) for row in samples.blob_rows(1)]
    assert "</html>" in written(samples.report(rows, subject=name), tmp_path)


def test_a_page_is_the_same_in_another_process(tmp_path: Path) -> None:
    found = samples.report(samples.blob_rows(5), (samples.score_table(30),))
    first = written(found, tmp_path)
    saved = tmp_path / "report.json"
    saved.write_text(json.dumps(found))
    code = f"from validation import page; page.write_page(page.load({str(saved)!r}), {str(tmp_path / 'again')!r})"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={"PYTHONHASHSEED": "7"})
    assert (tmp_path / "again" / "index.html").read_text("utf-8") == first


def test_ten_thousand_images_make_a_small_page_soon(tmp_path: Path) -> None:
    found = samples.report(samples.blob_rows(30), (samples.score_table(10_000, narrow=True),))
    begin = time.process_time()  # on a busy machine the clock says nothing
    text = written(found, tmp_path)
    assert time.process_time() - begin < 15
    assert len(text.encode()) < 3_000_000


def test_two_thousand_layers_are_drawn_and_named_sparsely(tmp_path: Path) -> None:
    rows = samples.blob_rows(2000)
    text = written(samples.report(rows), tmp_path)
    assert len(text.encode()) < 5_000_000
    named = re.findall(r"<text[^>]*>block\d+/conv</text>", depth(rows, "depth").svg)
    assert 20 < len(named) <= ROWS
    printed = text.count("<tr>") + text.count('<tr class="failed">')
    assert printed < 200


def test_infinite_and_missing_numbers_are_shown(tmp_path: Path) -> None:
    row = replace(
        samples.blob_rows(1)[0],
        relative=float("inf"),
        mean=float("nan"),
        worst=(),
        port_error=None,
        passed=False,
    )
    said = words(written(samples.report([row]), tmp_path))
    assert "∞" in said
    assert "NaN" in said


def test_a_real_report_is_drawn(shared: Path, tmp_path: Path) -> None:
    thin = shared / "goldens/nets/memnet_thin"
    found = validation.check_parity(thin / "net.caffemodel", thin / "net.prototxt")
    saved = tmp_path / "report.json"
    saved.write_text(found.to_json())
    said = words(written(dict(page.load(saved)), tmp_path))
    assert "Passed" in said
    assert "fc8-euclidean" in said


def test_markdown_of_a_report() -> None:
    rows = samples.blob_rows(40, fail=3)
    extra = (Check(name="caffe", detail="no pycaffe | here", stage="network"),)
    notes = ("UNTRAINED: see @somebody <b>\n# heading", "[a](http://b)")
    text = page.markdown(samples.report(rows, (samples.score_table(30),), extra, notes))
    assert text.startswith("## Parity of memnet.caffemodel: ❌ failed\n")
    assert "First difference at layer layer3" in text
    assert "**UNTRAINED WEIGHTS** **SYNTHETIC DATA**" in text
    assert "54 more checks failed." in text
    assert r"- caffe: no pycaffe \| here" in text
    assert "@somebody" not in text
    assert "<b>" not in text.replace(r"\<b", "")
    assert "\n# heading" not in text
    assert "http://" not in text
    assert len(text) < 65_536


def test_markdown_of_a_comparison() -> None:
    text = page.markdown(samples.comparison())
    assert "| ResMem | MemCat center |" in text
    assert "seen in training" in text


def test_every_table_of_markdown_has_as_many_cells_as_heads() -> None:
    rows = [replace(row, blob="a|b`c") for row in samples.blob_rows(3, fail=1)]
    text = page.markdown(samples.report(rows, (samples.score_table(30),)))
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1


MALFORMED = {
    "a list": ([], "format is None, wanted 'parity-report'"),
    "format": ({"format": "x"}, "format is 'x', wanted 'parity-report'"),
    "version": (
        {"version": 2},
        "version of parity-report is 2, this program reads 1; write it again",
    ),
    "subject": ({"subject": 3}, "subject is 3, wanted a string"),
    "checks": ({"checks": {}}, "checks is {}, wanted a list"),
    "a check": ({"checks": [7]}, r"checks\[0\] is 7, wanted an object"),
    "a name": ({"checks": [{}]}, r"checks\[0\] lacks 'name'"),
    "a number": (
        {"checks": [{"name": "a", "measured": "much"}]},
        r"checks\[0\].measured is 'much', wanted a number",
    ),
    "a truth value": (
        {"checks": [{"name": "a", "passed": 1}]},
        r"checks\[0\].passed is 1, wanted true or false",
    ),
    "made_by": ({"made_by": {"torch": 2}}, "made_by.torch is 2, wanted a string"),
    "a column": (
        {"scores": [{"data": "a", "synthetic": True, "names": [], "truth": [True]}]},
        r"scores\[0\].truth\[0\] is True, wanted a number",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_json_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    change, message = MALFORMED[case]
    found = {**samples.report(), **change} if isinstance(change, dict) else change
    with pytest.raises(FileFormatError, match=message) as raised:
        page.write_page(found, tmp_path)
    assert "\n" not in str(raised.value)
    with pytest.raises(FileFormatError, match=message):
        page.markdown(found)
    assert not (tmp_path / "index.html").exists()


def test_lists_of_another_length_or_without_numbers_are_refused() -> None:
    found = samples.report(tables=(samples.score_table(30),))
    found["scores"][0]["columns"][1]["scores"][3] = "nan"
    with pytest.raises(
        FileFormatError, match="LaMem test_1: original, center has a score that is no finite"
    ):
        page.markdown(found)
    found["scores"][0]["columns"][0]["scores"].pop()
    with pytest.raises(FileFormatError, match="port, center has 29 scores for 30 images"):
        page.markdown(found)
    other = samples.comparison()
    other["cells"][0]["scores"].pop()
    with pytest.raises(FileFormatError, match="LaMem test_1: MemNet has 199 scores for 200 images"):
        page.markdown(other)


def test_a_comparison_with_a_field_missing_is_refused() -> None:
    found = samples.comparison()
    del found["cells"][0]["summary"]["errors"]["mse"]
    with pytest.raises(FileFormatError, match=r"cells\[0\].summary.errors lacks 'mse'"):
        page.markdown(found)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_refused_with_its_name(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(text)
    with pytest.raises(CaffeError, match=r"report\.json: is not JSON"):
        page.load(path)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"index\.html: "):
        page.write_page(samples.report(), tmp_path / "file")


def test_fields_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    assert "Passed" in words(written({**samples.report(), "later": {"a": 1}}, tmp_path))


def test_tags_escape_what_is_not_mark_up() -> None:
    assert tag("td", '<"&', data_key=0, class_=None, hidden=True) == (
        '<td data-key="0" hidden>&lt;&quot;&amp;</td>'
    )
    assert tag("p", Markup("<b>"), title='"<') == '<p title="&quot;&lt;"><b></p>'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (1.19e-7, "1.19×10⁻⁷"),
        (-0.01234, "−0.0123"),
        (12345.6, "12,346"),
        (9.999e-5, "1.00×10⁻⁴"),
        (float("inf"), "∞"),
        (float("nan"), "NaN"),
        (1e9, "1.00×10⁹"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert numbers.short(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "10⁻⁵"), (2.5e-6, "2.5×10⁻⁶"), (0.25, "0.25"), (0, "0")]
)
def test_limits_are_as_written(value: float, text: str) -> None:
    assert numbers.limit(value) == text


def test_long_names_keep_both_ends_on_an_axis() -> None:
    name = "inception_5b/3x3_reduce/with/a/long/path"
    assert len(label(name)) == 22
    assert label(name).startswith("inception_5b/")
    assert label(name).endswith("ng/path")


SECTIONS = (
    *(Check, blobs.BlobRow, score_table.ScoreTable, score_table.Column, score_table.Pair),
    *(score_table.Thumb, reports.Cost, Figure, results.Model, results.Data, results.Cell),
    *(results.OverSplits, results.PairedModels),
    *(getattr(statistics, name) for name in statistics.__all__ if name[0].isupper()),
)


@pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: kind.__name__)
def test_the_documented_schema_has_every_field(kind: type) -> None:
    documented = _documented(rf"### {kind.__name__}\n")
    known = {field.name for field in fields(kind)}
    assert documented == (known | {"verdict"} if kind is Check else known)


def test_the_documented_schema_has_the_top_of_both_files() -> None:
    assert _documented(r"## report\.json\n") == set(samples.report())
    assert _documented(r"## comparison\.json\n") == set(samples.comparison())


def _documented(heading: str) -> set[str]:
    text = (ROOT / "docs/report.md").read_text("utf-8")
    (section,) = re.findall(heading + r"(.*?)(?=\n##|\Z)", text, re.DOTALL)
    return set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))
