"""The faces: `.mat` files in the shapes that MATLAB saves, a CSV from the spreadsheet, and wrong ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from converter.errors import FileFormatError
from memnet.data import load_faces

HITS, MISSES, ALARMS, REJECTIONS = [60, 33, 8], [20, 67, 72], [4, 20, 1], [76, 60, 79]
SCORES = [0.75, 0.33, 0.1]
NAMES = ["Ann_1_oval.jpg", "Bo, Jr_2_oval.jpg", "Cy_3_oval.jpg"]
ARRAYS = {
    "hits": HITS,
    "misses": MISSES,
    "FA": ALARMS,
    "CR": REJECTIONS,
    "HR": SCORES,
    "notes": "none",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The database without its scores."""
    home = tmp_path / "10k US Adult Faces Database"
    (home / "Memorability Scores").mkdir(parents=True)
    (home / "Face Images").mkdir()
    lines = "".join(f"{at},{name}\r\n" for at, name in enumerate(NAMES, 1))
    (home / "Memorability Scores/target-filenames.txt").write_bytes(
        ("#,Filename\r\n" + lines).encode()
    )
    for name in [*NAMES, "filler_oval.jpg"]:
        (home / "Face Images" / name).touch()
    return tmp_path


def scores_at(root: Path, suffix: str) -> Path:
    return root / f"10k US Adult Faces Database/Memorability Scores/memorability-scores.{suffix}"


def struct_array() -> np.ndarray:
    fields = np.zeros(3, [(name, object) for name in ("hits", "misses")])
    fields["hits"], fields["misses"] = HITS, MISSES
    return fields


@pytest.mark.parametrize(
    "content",
    [
        {name: np.array(value)[:, None] for name, value in ARRAYS.items() if name != "notes"},
        ARRAYS,
        {"scores": ARRAYS},
        {"scores": struct_array()},
        {"HR": SCORES},
    ],
    ids=["columns", "rows", "struct of arrays", "array of structs", "rate alone"],
)
def test_mat_in_any_shape_gives_hit_rates(root: Path, content: dict) -> None:
    savemat(scores_at(root, "mat"), content)
    data = load_faces(root)
    assert data.scores == pytest.approx(SCORES)
    assert [path.name for path in data.paths] == NAMES
    if "HR" not in content or len(content) > 1:
        assert [(item.hits, item.responses) for item in data] == [(60, 80), (33, 100), (8, 80)]
    if "hits" in content:
        assert [(item.false_alarms, item.first_showings) for item in data] == [
            (4, 80),
            (20, 80),
            (1, 80),
        ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_the_spreadsheet_goes_by_its_numbers(root: Path, delimiter: str) -> None:
    rows = [["Image #", "Correct Rejections", "Hits", "Misses", "False Alarms"]]
    rows += [
        [str(3 - at), *map(str, (REJECTIONS[at], HITS[at], MISSES[at], ALARMS[at]))]
        for at in range(3)
    ]
    scores_at(root, "csv").write_text("\n".join(map(delimiter.join, rows)))
    assert load_faces(root).scores == pytest.approx(SCORES[::-1])


def test_database_folder_itself_and_files_elsewhere_are_taken(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "mine.mat"
    savemat(elsewhere, ARRAYS)
    home = root / "10k US Adult Faces Database"
    (home / "Face Images").rename(tmp_path / "faces")
    assert len(load_faces(home, scores=elsewhere, images=tmp_path / "faces")) == 3


def test_all_problems_are_told_at_once(root: Path) -> None:
    savemat(scores_at(root, "mat"), {"hits": [60, 0, 8.5], "misses": [20, 0, 4]})
    for name in NAMES[:1]:
        (root / "10k US Adult Faces Database/Face Images" / name).unlink()
    with pytest.raises(FileFormatError) as error:
        load_faces(root)
    for said in ("3 problems", "Bo, Jr_2_oval.jpg: has neither hits nor misses",
                 "Cy_3_oval.jpg: hits is 8.5, not a count",
                 f"Face Images/{NAMES[0]}"):  # fmt: skip
        assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({"hits": [1, 2], "misses": [3, 4]}, "has 2 values of hits for 3 target faces"),
        ({"other": [1, 2, 3]}, "holds neither hits and misses nor a hit rate, but other"),
    ],
)
def test_other_scores_are_refused(root: Path, content: dict, match: str) -> None:
    savemat(scores_at(root, "mat"), content)
    with pytest.raises(FileFormatError, match=match):
        load_faces(root)


def test_damaged_mat_is_refused(root: Path) -> None:
    scores_at(root, "mat").write_bytes(b"no MATLAB file" * 20)
    with pytest.raises(FileFormatError, match=r"memorability-scores\.mat: is not a MATLAB file"):
        load_faces(root)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1,a.jpg\n3,b.jpg\n", "the 2 numbers are not 1 to 2"),
        (
            "1,a.jpg\n1,b.jpg\nonly\n",
            r"the number 1 stands there twice(?s:.)*line 3: is not NUMBER,NAME",
        ),
    ],
)
def test_odd_table_of_targets_is_refused(root: Path, text: str, match: str) -> None:
    savemat(scores_at(root, "mat"), ARRAYS)
    (scores_at(root, "mat").parent / "target-filenames.txt").write_text(text)
    with pytest.raises(FileFormatError, match=match):
        load_faces(root)


def test_missing_tables_are_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(
        FileFormatError, match=r"has no memorability-scores\.mat or memorability-scores\.csv"
    ):
        load_faces(root)
    with pytest.raises(
        FileFormatError, match=r"has no 'Memorability Scores/target-filenames\.txt'"
    ):
        load_faces(tmp_path / "none")
