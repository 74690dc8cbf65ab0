"""MemCat: the real table, both layouts, and rows that cannot be right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import spearmanr

from converter.errors import FileFormatError
from memnet.data import load_memcat

HEADER = (
    "\ufeffmemorability_w_fa_correction,FA,memorability_wo_fa_correction,n_resp,"
    "H,subcategory,category,image_file\r\n"
)
ROWS = "0.5,10,0.6,100,60,bear,animal,a.jpg\r\n0.75,5,0.8,100,80,soup,food,b.jpg\r\n"


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "memorability/memcat_image_data.csv"


def test_real_table_has_memcats_numbers(real: Path) -> None:
    without, corrected = (load_memcat(real, corrected=c, check_images=False) for c in (False, True))
    assert len(without) == len(corrected) == 10_000
    assert without.scores.mean() == pytest.approx(0.7585, abs=5e-5)
    assert without.scores.std() == pytest.approx(0.1311, abs=5e-5)
    assert (without.scores < 0.5).mean() == pytest.approx(0.053, abs=5e-4)
    assert corrected.scores.mean() == pytest.approx(0.6932, abs=5e-5)
    assert corrected.scores.std() == pytest.approx(0.1374, abs=5e-5)
    assert spearmanr(without.scores, corrected.scores).statistic == pytest.approx(0.904, abs=5e-4)


def test_real_table_has_five_categories_of_2000(real: Path) -> None:
    items = load_memcat(real, check_images=False).rows
    assert set(Counter(item.category.partition("/")[0] for item in items).values()) == {2_000}
    assert len({item.category for item in items}) == 134
    first = items[0]
    assert (first.hits, first.false_alarms, first.responses) == (55, 4, 98)
    assert first.path.parts[-3:] == ("animal", "bear", "000000003481.jpg")


def write(root: Path, table: str, images: str, rows: str = ROWS) -> Path:
    (root / table).parent.mkdir(parents=True, exist_ok=True)
    (root / table).write_bytes((HEADER + rows).encode())
    for name in ("animal/bear/a.jpg", "food/soup/b.jpg"):
        path = root / images / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@pytest.mark.parametrize(
    ("table", "images"),
    [
        ("MemCat_data/memcat_image_data.csv", "MemCat_images/MemCat"),
        ("data/memcat_image_data.csv", "images"),
        ("memcat_image_data.csv", "MemCat"),
    ],
)
def test_columns_go_by_name_in_every_layout(tmp_path: Path, table: str, images: str) -> None:
    root = write(tmp_path, table, images)
    assert load_memcat(root).scores.tolist() == [0.6, 0.8]
    data = load_memcat(root, corrected=True)
    assert data.scores.tolist() == [0.5, 0.75]
    assert data.name == "MemCat, false alarms taken off"
    assert data.paths[1] == root / images / "food/soup/b.jpg"


def test_images_may_be_elsewhere(tmp_path: Path) -> None:
    root = write(tmp_path, "memcat_image_data.csv", "elsewhere")
    data = load_memcat(root / "memcat_image_data.csv", images=root / "elsewhere")
    assert len(data) == 2


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    rows = ROWS + (
        "0.5,10,0.61,100,60,bear,animal,c.jpg\r\n0,x,0.5,2,1,bear,animal,d.jpg\r\n"
        ",1,,0,1,bear,animal,e.jpg\r\n,,-0.5,,,bear,animal,f.jpg\r\n,,0.5,,,bear,animal,a.jpg\r\n,,1,,,,,\r\n"
    )
    with pytest.raises(FileFormatError) as error:
        load_memcat(write(tmp_path, "data/memcat_image_data.csv", "images", rows))
    for said in (
        "data.csv: 7 problems",
        "row 4: c.jpg: the score is 0.61, its counts make 0.600000",
        "row 5: d.jpg: 'x' is not a number",
        "row 6: e.jpg: '' is not a number",
        "f.jpg: the score -0.5 is outside 0 to 1",
        "a.jpg: stands there 2 times",
        "row 9: no name: has no image_file",
        "images/animal/bear/f.jpg",
    ):
        assert said in str(error.value)


def test_table_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memcat_image_data.csv"
    path.write_text("image_file,category,H\na.jpg,animal,3\n")
    with pytest.raises(
        FileFormatError,
        match="lacks the column subcategory, memorability_wo_fa_correction; it has image_file",
    ):
        load_memcat(path)


def test_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileFormatError, match=r"has no memcat_image_data\.csv, nor in MemCat_data or data/"
    ):
        load_memcat(tmp_path)
