"""LaMem: the real split files, and everything that can be wrong with such a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.errors import FileFormatError
from memnet.data import load_lamem
from memnet.data.lamem import find_splits

SPLITS = [f"{part}_{at}" for at in range(1, 6) for part in ("train", "val", "test")]
COUNTS = {"train": 45_000, "val": 3_741, "test": 10_000}


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "memorability/lamem-splits"


@pytest.mark.parametrize("split", ["train_1", "val_1", "test_1", "val_3", "test_5"])
def test_real_split_has_lamems_count(real: Path, split: str) -> None:
    data = load_lamem(real, split, check_images=False)
    assert len(data) == COUNTS[split.partition("_")[0]]
    assert (data.split, data.name, data.synthetic) == (split, "LaMem", False)
    assert data.scores.mean() == pytest.approx(0.755, abs=0.003)
    assert data.scores.std() == pytest.approx(0.1235, abs=0.001)


def test_full_is_every_image_with_the_mean_of_its_scores(real: Path) -> None:
    data = load_lamem(real, "full", check_images=False)
    assert len(data) == 58_741
    assert [item.name for item in data] == sorted(item.name for item in data)
    first = data.rows[0]
    assert (first.name, first.score) == ("00000001.jpg", pytest.approx(0.520508, abs=1e-6))
    assert data.scores.mean() == pytest.approx(0.7557, abs=5e-5)
    assert data.scores.std() == pytest.approx(0.1155, abs=5e-5)


def test_full_1_has_the_scores_that_others_passed_on_without_names(real: Path) -> None:
    data = load_lamem(real, "full_1", check_images=False)
    unnamed = np.loadtxt(real.parent / "human/lamem_scores_unnamed.txt")
    assert len(data) == len(unnamed)
    kept = unnamed > 0  # where that file has 0, a 1 was lost
    assert np.abs(data.scores - unnamed)[kept].max() <= 0.0005 + 1e-9
    assert set(data.scores[~kept]) == {1.0}


def test_real_splits_are_found(real: Path) -> None:
    assert set(find_splits(real)) == {*SPLITS, *(f"full_{at}" for at in range(1, 6)), "full"}


FILES = {
    "train_1": "a.jpg 0.5\nb.jpg 0.6\nc.jpg 0.7\n",
    "val_1": "d.jpg 0.8\n",
    "test_1": "e.jpg 0.9\nf.jpg 0.25\n",
    "train_2": "e.jpg 0.9\nf.jpg 0.25\nd.jpg 0.8\n",
    "val_2": "a.jpg 0.5\n",
    "test_2": "b.jpg 0.6\nc.jpg 0.7\n",
}


def write(root: Path, **files: str) -> Path:
    """A LaMem of six images, with some split files replaced."""
    (root / "splits").mkdir()
    (root / "images").mkdir()
    for name, text in (FILES | files).items():
        (root / "splits" / f"{name}.txt").write_bytes(text.encode())
    for name in "abcdef":
        (root / "images" / f"{name}.jpg").touch()
    return root


def test_rows_keep_the_files_order(tmp_path: Path) -> None:
    data = load_lamem(write(tmp_path), "test_1")
    assert [(item.name, item.score) for item in data] == [("e.jpg", 0.9), ("f.jpg", 0.25)]
    assert data.paths == [tmp_path / "images/e.jpg", tmp_path / "images/f.jpg"]


@pytest.mark.parametrize(
    "text",
    ["\ufeffe.jpg 0.9\r\nf.jpg 0.25\r\n", "e.jpg 0.9\rf.jpg 0.25", "e.jpg  0.9\n\nf.jpg 0.25 \n"],
)
def test_line_ends_byte_order_mark_and_blanks_do_not_matter(tmp_path: Path, text: str) -> None:
    data = load_lamem(write(tmp_path, test_1=text), "test_1")
    assert [(item.name, item.score) for item in data] == [("e.jpg", 0.9), ("f.jpg", 0.25)]


def test_outer_folder_and_images_elsewhere_are_taken(tmp_path: Path) -> None:
    (tmp_path / "lamem").mkdir()
    write(tmp_path / "lamem")
    assert len(load_lamem(tmp_path, "val_1")) == 1
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "lamem/images").rename(elsewhere)
    assert load_lamem(tmp_path, "val_1", images=elsewhere).paths == [elsewhere / "d.jpg"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = "e.jpg 0.9\nf.jpg 1.5\ne.jpg 0.9\na.jpg 0.5\ng.jpg 0.3\nh.jpg high\nlone\ni.jpg nan\n"
    with pytest.raises(FileFormatError) as error:
        load_lamem(write(tmp_path, test_1=text), "test_1")
    for said in (
        "test_1.txt: 7 problems",
        "line 6: 'high' is not a number",
        "line 7: is not NAME SCORE, but 'lone'",
        "line 8: the score is missing (NaN)",
        "f.jpg: the score 1.5 is outside 0 to 1",
        "e.jpg: stands there 2 times",
        "a.jpg: is in train_1 too",
        f"missing: {tmp_path / 'images/g.jpg'}",
    ):
        assert said in str(error.value)


def test_all_missing_images_are_told_or_left_out(tmp_path: Path) -> None:
    root = write(tmp_path)
    for name in "ac":
        (root / "images" / f"{name}.jpg").unlink()
    with pytest.raises(
        FileFormatError,
        match=r"2 problems; allow_missing, or --on-error skip, leaves out(?s:.)*a\.jpg(?s:.)*c\.jpg",
    ):
        load_lamem(root, "train_1")
    data = load_lamem(root, "train_1", allow_missing=True)
    assert [item.name for item in data] == ["b.jpg"]
    assert data.missing == (root / "images/a.jpg", root / "images/c.jpg")
    assert str(data) == "LaMem train_1, 1 images, 2 more are missing"


def test_leaving_out_every_image_is_refused(tmp_path: Path) -> None:
    """A wrong folder gave a data set without images."""
    with pytest.raises(
        FileFormatError, match=r"1 problem:\n  none of the images is there, .*d\.jpg"
    ):
        load_lamem(write(tmp_path), "val_1", images=tmp_path / "gone", allow_missing=True)


def test_a_wrong_folder_of_images_is_not_a_wall_of_text(real: Path) -> None:
    with pytest.raises(FileFormatError, match=r"10,000 problems(?s:.)*and 9,900 more") as error:
        load_lamem(real, "test_3")
    assert str(error.value).count("\n") == 101


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"val_2": "b.jpg 0.6\n"}, r"split 2: b\.jpg: stands there 2 times(?s:.)*a\.jpg: is in no part of split 2"),
        ({"val_1": "d.jpg 0.8\nd.jpg 0.8\n"}, r"split 1: d\.jpg: stands there 2 times"),
        # the mean with split 2's hid it
        ({"val_1": "d.jpg 1.1\n"}, r"1 problem:\n  split 1: d\.jpg: the score 1\.1 is outside 0 to 1"),
        ({"val_1": "d.jpg x\n"}, r"val_1\.txt: line 1: 'x' is not a number"),
        ({"full": "a.jpg 0.5\nb.jpg 0.6\nc.jpg 0.7\nd.jpg 0.8\ne.jpg 0.1\ng.jpg 0.1\n"},
         r"full\.txt: g\.jpg: is in no split(?s:.)*f\.jpg: is left out(?s:.)*e\.jpg: 0\.1, in no split"),
    ],
)  # fmt: skip
def test_full_is_checked_for_consistency(tmp_path: Path, files: dict[str, str], match: str) -> None:
    with pytest.raises(FileFormatError, match=match):
        load_lamem(write(tmp_path, **files), "full")


def test_full_averages_scores_that_differ_between_splits(tmp_path: Path) -> None:
    listed = "a.jpg 0.500\nb.jpg 0.650\nc.jpg 0.7\nd.jpg 0.8\ne.jpg 0.9\nf.jpg 0.25\n"
    root = write(tmp_path, test_2="b.jpg 0.7\nc.jpg 0.7\n", full=listed)
    assert load_lamem(root, "full").scores == pytest.approx([0.5, 0.65, 0.7, 0.8, 0.9, 0.25])
    assert load_lamem(root, "full_1").scores == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 0.25])


def test_full_split_without_a_part_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "splits/val_2.txt").unlink()
    with pytest.raises(FileFormatError, match=r"split 2 has no val_2\.txt"):
        load_lamem(root, "full_2")


@pytest.mark.parametrize("split", ["test_9", "all", "../splits/test_1"])
def test_unknown_split_is_refused_with_those_there_are(tmp_path: Path, split: str) -> None:
    with pytest.raises(FileFormatError, match=r"has no split .*; it has test_1, test_2, .*, full"):
        load_lamem(write(tmp_path), split)


def test_folder_without_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"has no splits/train_1\.txt"):
        load_lamem(tmp_path)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "splits/val_2.txt").write_bytes("a.jpg 0.5".encode("utf-16"))
    with pytest.raises(FileFormatError, match=r"val_2\.txt: is not UTF-8 text"):
        load_lamem(root, "val_2")


def test_empty_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"val_1\.txt: 1 problem:\n  holds no images"):
        load_lamem(write(tmp_path, val_1="\n"), "val_1")
