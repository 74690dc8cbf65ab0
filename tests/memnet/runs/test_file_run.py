"""`memnet predict --out FILE`: rows, errors, going on after an interrupt, and refusing to go on by another rule."""

from __future__ import annotations

import csv
import json
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_choice import TinyChoice

from converter.errors import FileFormatError, OutputError
from memnet.calibration import Linear, save_calibration
from memnet.runs import stream
from memnet.runs.file_run import Manner, Tally, write_file
from memnet.runs.journal import Journal
from memnet.runs.stream import Row

MANNER = Manner(quiet=True)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    """Eleven pictures, of which the fourth and the last are broken."""
    made = []
    for index in range(11):
        path = tmp_path / f'{index:02d}, "odd".png'
        pixels = np.random.default_rng(index).integers(0, 256, (20 + index, 31, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        made.append(str(path))
    for broken in (made[3], made[10]):
        Path(broken).write_bytes(Path(broken).read_bytes()[:60])
    return made


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def interrupt_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Interrupt when this picture is read."""
    read = stream.read_image

    def reading(source: object) -> object:
        if str(source) == name:
            raise KeyboardInterrupt
        return read(source)

    monkeypatch.setattr(stream, "read_image", reading)


@pytest.mark.parametrize("workers", [0, 2])
def test_every_picture_has_a_row_and_broken_ones_their_error(
    names: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    out = tmp_path / "scores.csv"
    tally = write_file(TinyChoice(batch_size=4), names, out, replace(MANNER, workers=workers))
    assert tally == Tally(pictures=11, errors=2)
    header, *found = rows(out)
    assert header == ["image", "score", "error"]
    assert [row[0] for row in found] == names
    assert [row[0] for row in found if not row[1]] == [names[3], names[10]]
    assert [bool(row[2]) for row in found] == [not row[1] for row in found]
    said = capsys.readouterr().err
    assert all(f"memnet: {name}: " in said for name in (names[3], names[10]))
    assert sorted(path.name for path in tmp_path.glob("scores*")) == [
        "scores.csv",
        "scores.csv.manifest.json",
    ]


def test_parquet_without_pyarrow_is_refused_before_anything_is_scored(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told after the last picture."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ModuleNotFoundError, match="Parquet needs pyarrow: pip install"):
        write_file(TinyChoice(), names, tmp_path / "scores.parquet", MANNER)
    assert not list(tmp_path.glob("scores*"))


def test_scores_are_the_whole_float32(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    write_file(TinyChoice(), names[:1], out, MANNER)
    pixels = np.asarray(Image.open(names[0]), float)
    assert float(rows(out)[1][1]) == pytest.approx(
        0.1 + pixels.mean((0, 1)) @ [0.003, 0.002, 0.001], rel=0.01
    )
    score = rows(out)[1][1]
    assert str(np.float32(score)) == score


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("stop", [0, 5, 10])
def test_interrupted_run_goes_on_to_the_same_bytes(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, stop: int
) -> None:
    choice, whole, out = TinyChoice(batch_size=3), tmp_path / f"w{suffix}", tmp_path / f"o{suffix}"
    write_file(choice, names, whole, MANNER)
    with monkeypatch.context() as patch:
        interrupt_at(patch, names[stop])
        with pytest.raises(KeyboardInterrupt):
            write_file(choice, names, out, MANNER)
    assert not out.exists()
    if stop >= 3:  # a batch was done; it is not read again
        interrupt_at(monkeypatch, names[0])
    write_file(choice, names, out, MANNER)
    assert out.read_bytes() == whole.read_bytes()


def test_line_cut_off_by_an_interrupt_is_done_again(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, out = TinyChoice(batch_size=3, features="pool"), tmp_path / "o.npy"
    with monkeypatch.context() as patch:
        interrupt_at(patch, names[7])
        with pytest.raises(KeyboardInterrupt):
            write_file(choice, names, out, MANNER)
    journal, features = out.with_name("o.npy.part"), out.with_name("o.npy.features.part")
    journal.write_bytes(journal.read_bytes()[:-5])
    features.write_bytes(features.read_bytes() + b"torn")
    write_file(choice, names, out, MANNER)
    whole = tmp_path / "whole.npy"
    write_file(choice, names, whole, MANNER)
    np.testing.assert_array_equal(np.load(out), np.load(whole))
    assert rows(out.with_suffix(".csv")) == rows(whole.with_suffix(".csv"))


def test_line_cut_off_is_not_glued_to_the_next(tmp_path: Path) -> None:
    """The run that took it up is interrupted, too."""
    torn = Journal(tmp_path / "o.csv")
    torn.append([Row(id="a", score=np.float32(0.5))])
    torn.path.write_bytes(torn.path.read_bytes() + b'["b", 0.')
    for name in "bc":
        again = Journal(tmp_path / "o.csv")
        again.open()
        again.append([Row(id=name, score=np.float32(0.25))])
    last = Journal(tmp_path / "o.csv")
    last.open()
    assert {name: one.score for name, one in last.entries.items()} == {
        "a": 0.5,
        "b": 0.25,
        "c": 0.25,
    }


def test_features_are_rows_with_an_index(names: list[str], tmp_path: Path) -> None:
    choice = TinyChoice(batch_size=3, features="pool")
    write_file(choice, names, tmp_path / "f.npy", MANNER)
    write_file(choice, names, tmp_path / "f.parquet", MANNER)
    found = np.load(tmp_path / "f.npy")
    assert (found.shape, found.dtype) == ((11, 3, 1, 1), np.float32)
    assert np.flatnonzero(np.isnan(found[:, 0, 0, 0])).tolist() == [3, 10]
    scores = found[:, :, 0, 0] @ [0.001, 0.002, 0.003] + 0.1
    index = rows(tmp_path / "f.csv")[1:]
    assert [row[0] for row in index] == names
    np.testing.assert_allclose([float(row[1] or "nan") for row in index], scores, rtol=1e-5)
    table = pq.read_table(tmp_path / "f.parquet")
    assert table.schema.field("pool").metadata == {b"shape": b"3,1,1"}
    assert table["pool"].to_pylist()[4] == found[4].ravel().tolist()
    assert table["pool"].to_pylist()[3] is None


def test_parquet_says_by_what_a_score_was_made(names: list[str], tmp_path: Path) -> None:
    write_file(TinyChoice(), names, tmp_path / "s.parquet", MANNER)
    table = pq.read_table(tmp_path / "s.parquet")
    assert table.schema.names == [
        "id",
        "score",
        "model",
        "weights_sha256",
        "crops",
        "preprocess_version",
        "error",
    ]
    assert set(table["weights_sha256"].to_pylist()) == {"0" * 64}
    assert table["id"].to_pylist() == names


def test_complete_output_gets_only_what_is_new(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "s.csv"
    write_file(TinyChoice(), names[4:], out, MANNER)
    before = rows(out)
    interrupt_at(monkeypatch, names[5])
    write_file(TinyChoice(), names[4:], out, MANNER)
    assert rows(out) == before
    assert write_file(TinyChoice(), names[:4], out, MANNER) == Tally(pictures=11, errors=2)
    assert [row[0] for row in rows(out)[1:]] == names
    assert rows(out)[5:] == before[1:]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"crops": "ten"}, "crops 'center', not 'ten'"),
        ({"model": "other"}, "model 'memnet', not 'other'"),
        ({"features": "pool"}, "features None, not 'pool'; other images"),
        ({"calibration": "ganalyze"}, "calibration 'raw', not 'ganalyze'"),
        ({"ten_crop": "matlab"}, "preprocess version '1-.*', not '1-.*'"),
        ({"resize": "opencv"}, "preprocess version '1-.*', not '1-.*'"),
    ],
)
def test_other_settings_are_refused(
    names: list[str], tmp_path: Path, change: dict[str, str], match: str
) -> None:
    out = tmp_path / "s.parquet"
    write_file(TinyChoice(), names[:2], out, MANNER)
    before = out.read_bytes()
    with pytest.raises(
        OutputError, match=rf"s\.parquet: was begun with {match}; take those settings"
    ):
        write_file(TinyChoice(**change), names[:2], out, MANNER)
    assert out.read_bytes() == before
    write_file(TinyChoice(**change), names[:2], out, replace(MANNER, force=True))
    assert out.read_bytes() != before


def test_calibrations_of_equal_kind_and_other_numbers_do_not_mix(
    names: list[str], tmp_path: Path
) -> None:
    out, file = tmp_path / "s.parquet", tmp_path / "c.json"
    choice = TinyChoice(calibration=str(file))
    save_calibration(Linear(slope=2, intercept=-0.5), file)
    write_file(choice, names, out, MANNER)
    raw = memnet_scores(names, tmp_path)
    table = pq.read_table(out)
    expected = [
        None if score is None else np.float32(np.clip(2 * score - 0.5, 0, 1)) for score in raw
    ]
    assert table["score"].to_pylist() == expected
    assert table.schema.field("score").metadata[b"calibration"].startswith(b"linear-")
    save_calibration(Linear(slope=2, intercept=-0.25), file)
    with pytest.raises(OutputError, match=r"begun with calibration 'linear-\w+', not 'linear-"):
        write_file(choice, names, out, MANNER)


def memnet_scores(names: list[str], tmp_path: Path) -> list[float | None]:
    write_file(TinyChoice(), names, tmp_path / "raw.parquet", MANNER)
    raw: list[float | None] = pq.read_table(tmp_path / "raw.parquet")["score"].to_pylist()
    return raw


def test_run_begun_before_calibrations_were_recorded_goes_on(
    names: list[str], tmp_path: Path
) -> None:
    out, manifest = tmp_path / "s.csv", tmp_path / "s.csv.manifest.json"
    write_file(TinyChoice(), names, out, MANNER)
    record = json.loads(manifest.read_text())
    del record["calibration"]
    manifest.write_text(json.dumps(record))
    write_file(TinyChoice(), names, out, MANNER)
    with pytest.raises(OutputError, match="calibration 'raw', not 'ganalyze'"):
        write_file(TinyChoice(calibration="ganalyze"), names, out, MANNER)


def test_features_of_other_images_are_refused(names: list[str], tmp_path: Path) -> None:
    choice, out = TinyChoice(features="fc"), tmp_path / "f.npy"
    write_file(choice, names[:2], out, MANNER)
    with pytest.raises(OutputError, match="begun with other images"):
        write_file(choice, names[:3], out, MANNER)


def test_file_of_somebody_else_is_not_touched(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    out.write_text("mine")
    with pytest.raises(OutputError, match=r"s\.csv: exists, and has no manifest"):
        write_file(TinyChoice(), names, out, MANNER)
    assert out.read_text() == "mine"
    with pytest.raises(OutputError, match=r"the folder .*none does not exist"):
        write_file(TinyChoice(), names, tmp_path / "none" / "s.csv", MANNER)


def test_damaged_manifest_is_told(names: list[str], tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    write_file(TinyChoice(), names[:1], out, MANNER)
    (tmp_path / "s.csv.manifest.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(FileFormatError, match=r"s\.csv\.manifest\.json: is no manifest"):
        write_file(TinyChoice(), names[:1], out, MANNER)


def test_fail_stops_at_the_broken_picture_and_goes_on_once_mended(
    names: list[str], tmp_path: Path
) -> None:
    out, manner = tmp_path / "s.csv", replace(MANNER, on_error="fail")
    with pytest.raises(FileFormatError, match=r"03, \"odd\"\.png: "):
        write_file(TinyChoice(batch_size=2), names[:10], out, manner)
    assert not out.exists()
    Image.new("RGB", (9, 5)).save(names[3])
    assert write_file(TinyChoice(batch_size=2), names[:10], out, manner).errors == 0


def test_one_percent_broken_finishes_with_every_file_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [tmp_path / f"{index:03d}.png" for index in range(300)]
    Image.new("RGB", (7, 5), (1, 2, 3)).save(made[0])
    good = made[0].read_bytes()
    for index, path in enumerate(made):
        path.write_bytes(good[:30] if index % 100 == 57 else good)
    tally = write_file(
        TinyChoice(), list(map(str, made)), tmp_path / "s.CSV", replace(MANNER, workers=2)
    )
    assert tally == Tally(pictures=300, errors=3)
    broken = [row[0] for row in rows(tmp_path / "s.CSV")[1:] if row[2]]
    assert broken == [str(made[at]) for at in (57, 157, 257)]
    said = capsys.readouterr().err
    assert all(f"memnet: {name}: " in said for name in broken)


def test_features_that_no_row_belongs_to_are_cut_off(names: list[str], tmp_path: Path) -> None:
    """What a full disk or a kill had left before the first row shifted all features."""
    choice, out, whole = TinyChoice(features="pool"), tmp_path / "f.npy", tmp_path / "w.npy"
    (tmp_path / "f.npy.features.part").write_bytes(b"torn")
    write_file(choice, names, out, MANNER)
    write_file(choice, names, whole, MANNER)
    assert out.read_bytes() == whole.read_bytes()


HOLD = """
import sys
from pathlib import Path
from memnet.runs.journal import Journal
with Journal(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("force", [False, True])
def test_second_run_into_one_file_is_refused(names: list[str], tmp_path: Path, force: bool) -> None:
    """Their features came between one another."""
    out = tmp_path / "s.csv"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdout.readline() == b"held\n"
    with pytest.raises(OutputError, match=r"s\.csv\.part: another run is writing"):
        write_file(TinyChoice(), names, out, replace(MANNER, force=force))
    first.communicate()
    assert list(tmp_path.glob("s.csv*")) == []
    assert write_file(TinyChoice(), names, out, MANNER).pictures == 11


def test_full_disk_is_told_and_the_run_goes_on_later(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, out, whole = (
        TinyChoice(batch_size=2, features="pool"),
        tmp_path / "f.npy",
        tmp_path / "w.npy",
    )
    write_file(choice, names, whole, MANNER)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))  # a disk of 150 bytes
    monkeypatch.setattr(signal, "SIGXFSZ", signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    try:
        with pytest.raises(OutputError, match=r"f\.npy.*: cannot be written \(File too large\)"):
            write_file(choice, names, out, MANNER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    write_file(choice, names, out, MANNER)
    assert out.read_bytes() == whole.read_bytes()
