"""Any CSV, and data sets named as on a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.errors import FileFormatError
from memnet.data import load_csv, load_data


def write(folder: Path, text: str) -> Path:
    for name in ("a.jpg", "b c.jpg", "ü.jpg"):
        (folder / name).touch()
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "path,score\na.jpg,0.5\nb c.jpg,1\n",
        "\ufeffscore;Image;more\r\n0.5;a.jpg;x\r\n1;b c.jpg;y\r\n",
        'id\tmemorability\tname\n1\t0.5\t"a.jpg"\n2\t1.0\tb c.jpg',
    ],
)
def test_usual_columns_are_found_by_name(tmp_path: Path, text: str) -> None:
    data = load_csv(write(tmp_path, text))
    assert data.scores.tolist() == [0.5, 1.0]
    assert data.paths == [tmp_path / "a.jpg", tmp_path / "b c.jpg"]
    assert data.name == "table"


def test_columns_and_root_are_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = write(tmp_path / "pictures", "path,score,where,mine\nx,9,ü.jpg,0.25\n").rename(
        tmp_path / "t.csv"
    )
    data = load_csv(
        path, path_column="where", score_column="mine", root=tmp_path / "pictures", split="val"
    )
    assert (data.scores.tolist(), data.split) == ([0.25], "val")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "path,score\na.jpg,0.5\nb c.jpg\nx.jpg,0.5\na.jpg,2\n")
    with pytest.raises(FileFormatError) as error:
        load_csv(path)
    for said in ("4 problems", "row 3: b c.jpg: '' is not a number", "a.jpg: the score 2.0 is outside",
                 "a.jpg: stands there 2 times", f"missing: {tmp_path / 'x.jpg'}"):  # fmt: skip
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "given", "match"),
    [
        # the second was taken
        ("path,score,score\na.jpg,1,0\n", {}, r"table\.csv: has the column score more than once; rename one"),
        ("path,points\na.jpg,1\n", {},
         r"has no column score or memorability .*, but path, points; name it with score_column"),
        ("path,score\na.jpg,1\n", {"path_column": "Path"},
         "has no column Path, but path, score; name it with path_column"),
        ("path,score\n", {}, "has no rows below the column names"),
        ("", {}, "lacks the column"),
        ("path,score\na.jpg,0.5\n,0.5\n", {}, "row 3: has no path"),
    ],
)  # fmt: skip
def test_other_columns_are_refused(tmp_path: Path, text: str, given: dict, match: str) -> None:
    with pytest.raises(FileFormatError, match=match):
        load_csv(write(tmp_path, text), **given)


def test_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.csv: cannot be read \(No such file"):
        load_csv(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("spec", "split", "match"),
    [
        (
            "imagenet:/data",
            "",
            "is not KIND:PATH, such as lamem:DIR; the kinds are lamem, memcat, ",
        ),
        ("lamem:", "", "is not KIND:PATH"),
        ("memcat:/data", "test_1", "has no splits, found split 'test_1'"),
    ],
)
def test_odd_spec_is_refused(spec: str, split: str, match: str) -> None:
    with pytest.raises(FileFormatError, match=match):
        load_data(spec, split)


def test_specs_reach_their_loaders(tmp_path: Path, shared: Path) -> None:
    table = write(tmp_path, "path,score\na.jpg,0.5\n")
    assert load_data(f"csv:{table}", "val").split == "val"
    given = {"check_images": False}
    assert len(load_data(f"lamem:{shared / 'memorability/lamem-splits'}", **given)) == 10_000
    table = shared / "memorability/memcat_image_data.csv"
    means = [
        load_data(f"{kind}:{table}", **given).scores.mean()
        for kind in ("memcat", "memcat-corrected")
    ]
    assert means == pytest.approx([0.7585, 0.6932], abs=5e-5)
