"""Which images a command is given."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from converter.errors import FileFormatError
from memnet.runs.sources import find_images

FILES = ("b.jpg", "a.PNG", "notes.txt", "deep/c.jpeg", "deep/er/d.webp", "Z/e.tif", "[odd].jpg")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folder_is_walked_in_a_fixed_order(folder: Path) -> None:
    found = [str(Path(name).relative_to(folder)) for name in find_images([str(folder)])]
    assert found == ["[odd].jpg", "a.PNG", "b.jpg", "Z/e.tif", "deep/c.jpeg", "deep/er/d.webp"]


def test_patterns_match_at_any_depth_sorted(folder: Path) -> None:
    assert find_images(["**/*.jp*g"]) == ["[odd].jpg", "b.jpg", "deep/c.jpeg"]
    assert find_images(["de?p"]) == ["deep/c.jpeg", "deep/er/d.webp"]


def test_file_that_looks_like_a_pattern_is_itself(folder: Path) -> None:
    assert find_images(["[odd].jpg"]) == ["[odd].jpg"]


def test_each_image_comes_once_in_order_of_first_mention(folder: Path) -> None:
    assert find_images(["b.jpg", "*.jpg", "gone.jpg"]) == ["b.jpg", "[odd].jpg", "gone.jpg"]


def test_one_file_named_in_two_ways_comes_once(folder: Path) -> None:
    """`./b.jpg` was another image than `b.jpg`."""
    assert find_images(["b.jpg", "./b.jpg", ".//b.jpg", "./b*"]) == ["b.jpg"]


def test_folder_gives_what_every_pillow_reads(tmp_path: Path) -> None:
    read = ("a.JFIF", "b.jpe", "c.pgm", "d.PNM", "e.pbm")
    for name in (*read, "f.avif", "g.heic", "h.svg"):
        (tmp_path / name).touch()
    assert find_images([str(tmp_path)]) == [str(tmp_path / name) for name in read]


def test_rows_without_a_name_are_told(folder: Path) -> None:
    (folder / "list.csv").write_text("path,x\nb.jpg,1\n,2\n  ,3\n")
    with pytest.warns(UserWarning, match=r"list\.csv: 2 of 3 rows are left out, their 'path' is"):
        assert find_images(["list.csv"]) == ["b.jpg"]


def test_list_of_find_print0_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("./b.jpg\0./a.PNG\0"))
    with pytest.raises(FileFormatError, match=r"holds NULs, .* give one path a line"):
        find_images(["-"])


def test_csv_has_a_column_by_name_with_bom_and_crlf(folder: Path) -> None:
    (folder / "list.csv").write_bytes(b'\xef\xbb\xbfpath,file\r\nb.jpg,x\r\n"a,1.jpg",y\r\n')
    assert find_images(["list.csv"], root="pictures") == ["pictures/b.jpg", "pictures/a,1.jpg"]
    assert find_images(["list.csv"], column="file") == ["x", "y"]
    with pytest.raises(
        FileFormatError, match=r"list\.csv: has no column 'name', but path, file; .*--column"
    ):
        find_images(["list.csv"], column="name")


def test_list_on_stdin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("b.jpg\r\n\n with space.png\n"))
    assert find_images(["-"]) == ["b.jpg", " with space.png"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeffb.jpg\r\na.PNG"))  # was another file's name
    assert find_images(["-"]) == ["b.jpg", "a.PNG"]


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("empty", "empty: the folder holds no images"),
        ("*.bmp", r"\*\.bmp: matches no image"),
        ("-", "the list on stdin is empty"),
        ("only.csv", "the CSV names no images"),
        ("bad.csv", "cannot be read as a CSV"),
        ("gone.csv", "No such file"),
        ("", "a source is an empty text"),
    ],
)
def test_source_without_images_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, match: str
) -> None:
    (folder / "empty").mkdir()
    (folder / "only.csv").write_text("path\n")
    (folder / "bad.csv").write_bytes(b"path\n\xff\xfe\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(FileFormatError, match=match):
        find_images([source])


def test_links_to_folders_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "deep/er/up").symlink_to(folder)
    (folder / "deep/z").symlink_to(folder / "Z")
    found = [str(Path(name).relative_to(folder)) for name in find_images([str(folder / "deep")])]
    assert found == ["deep/c.jpeg", "deep/er/d.webp", "deep/z/e.tif"]
    assert find_images(["deep/**/*.webp"]) == ["deep/er/d.webp"]


def test_folder_that_cannot_be_listed_is_told_and_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "Z":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.warns(UserWarning, match=r"Z: is left out, .*\(Permission denied\)"):
        found = find_images([str(folder)])
    assert len(found) == 5


def test_names_that_no_output_can_hold_are_told_at_once(folder: Path) -> None:
    """The run ended in a traceback when it came to write the names."""
    for name in (b"a\xff.jpg", b"b\xfe.jpg"):
        (folder / os.fsdecode(name)).touch()
    with pytest.raises(FileFormatError, match=r"not UTF-8, .*:\s+.*a.udcff\.jpg\n.*b.udcfe"):
        find_images([str(folder)])


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_may_have_another_delimiter(folder: Path, delimiter: str) -> None:
    (folder / "list.csv").write_text(f"score{delimiter}path\n0,5{delimiter}b.jpg\n")
    assert find_images(["list.csv"]) == ["b.jpg"]


def test_blanks_around_a_csvs_fields_do_not_matter(folder: Path) -> None:
    """As for data sets; the column was not found, and then the file was not."""
    (folder / "list.csv").write_text('id, path ,"a;b;c"\n1, b.jpg ,x\n2\n')
    with pytest.warns(UserWarning, match="1 of 2 rows are left out"):
        assert find_images(["list.csv"]) == ["b.jpg"]
