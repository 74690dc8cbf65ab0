"""`score_batch`, and the shards that any engine writes."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_choice import TinyChoice

from converter.errors import FileFormatError, OutputError, UnsupportedError, WeightsError
from memnet.choice import Choice
from memnet.runs import shard_work
from memnet.runs.engine import Scorer, score_batch
from memnet.runs.file_run import Manner, Tally
from memnet.runs.places import Place
from memnet.runs.ray_engine import pool_size
from memnet.runs.shard_run import run_shards
from memnet.runs.shards import Columns, Shard, plan

MANNER = Manner(quiet=True)
CHOICE = TinyChoice(batch_size=4)


def png(seed: int) -> bytes:
    buffer = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (13, 17 + seed, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


BLOBS = [b"broken" if seed in {2, 9} else png(seed) for seed in range(11)]


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Eleven images with integer ids, in row groups of three."""
    path = tmp_path / "images.parquet"
    columns = {"key": range(100, 111), "jpeg": BLOBS, "rest": [0.5] * 11}
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), path, row_group_size=3)
    return str(path)


COLUMNS = Columns(id="key", bytes="jpeg")


def shard_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*"))}


def test_batch_of_bytes_gives_scores_and_errors() -> None:
    scores, errors = score_batch(BLOBS, Scorer(CHOICE))
    assert (scores.dtype, scores.shape) == (np.float32, (11,))
    assert (
        [at for at, error in enumerate(errors) if error]
        == np.flatnonzero(np.isnan(scores)).tolist()
        == [2, 9]
    )
    assert errors[2] == "is not an image that Pillow can read"
    assert score_batch([], Scorer(CHOICE))[0].shape == (0,)


def test_scorer_travels_without_its_model_and_loads_it_once() -> None:
    scorer = Scorer(CHOICE)
    expected, _ = score_batch(BLOBS, scorer)
    assert scorer.network is scorer.network
    travelled = pickle.dumps(scorer)
    assert len(travelled) < 500
    np.testing.assert_array_equal(score_batch(BLOBS, pickle.loads(travelled))[0], expected)


def test_worker_with_another_model_than_the_run_refuses() -> None:
    expected = replace(Scorer(CHOICE).identity, weights_sha256="1" * 64)
    with pytest.raises(WeightsError, match="is not what the run began with: weights sha256 '000"):
        score_batch(
            BLOBS, Scorer(replace(CHOICE, model="w"), expected=replace(expected, model="w"))
        )


def test_parquet_is_cut_at_row_groups(table: str) -> None:
    shards = plan([table], 7, COLUMNS)
    assert [(shard.rows, shard.row_groups) for shard in shards] == [(6, (0, 1)), (5, (2, 3))]
    assert [shard.rows for shard in plan([table], 2, COLUMNS)] == [3, 3, 3, 2]
    assert Shard.from_json(shards[1].to_json()) == shards[1]
    names = [name for shard in shards for name, _ in shard.items(COLUMNS, 2)]
    assert names == [str(key) for key in range(100, 111)]


def test_parquet_becomes_shards_with_ids_scores_and_errors(table: str, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    tally = run_shards(CHOICE, plan([table], 7, COLUMNS), str(out), COLUMNS, manner=MANNER)
    assert tally == Tally(pictures=11, errors=2)
    assert sorted(path.name for path in out.iterdir()) == [
        "_manifest.json", "part-000000.parquet", "part-000001.parquet",
    ]  # fmt: skip
    found = pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("part-*"))])
    assert found["id"].to_pylist() == [str(key) for key in range(100, 111)]
    expected, _ = score_batch(BLOBS, Scorer(CHOICE))
    scores = found["score"].to_numpy()
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert found["error"].to_pylist()[9] == "is not an image that Pillow can read"
    assert json.loads((out / "_manifest.json").read_text())["crops"] == "center"


def test_folder_becomes_shards_with_features(tmp_path: Path) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "scores"
    pictures.mkdir()
    for at in (0, 1, 3, 4, 5):
        (pictures / f"{at}.png").write_bytes(BLOBS[at])
    shards = plan([str(pictures)], 2)
    assert [shard.rows for shard in shards] == [2, 2, 1]
    run_shards(replace(CHOICE, features="pool"), shards, str(out), Columns(), manner=MANNER)
    last = pq.read_table(out / "part-000002.parquet")
    assert last["id"].to_pylist() == [str(pictures / "5.png")]
    assert len(last["pool"][0].as_py()) == 3


def test_lost_shards_are_done_again_to_the_same_bytes(table: str, tmp_path: Path) -> None:
    out, shards = tmp_path / "scores", plan([table], 3, COLUMNS)
    run_shards(CHOICE, shards, str(out), COLUMNS, manner=MANNER)
    before = shard_bytes(out)
    assert len(before) == 4
    kept = out / "part-000000.parquet"
    written = kept.stat().st_mtime_ns
    (out / "part-000002.parquet").unlink()
    assert run_shards(CHOICE, shards, str(out), COLUMNS, manner=MANNER).pictures == 11
    assert shard_bytes(out) == before
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("change", "size", "match"),
    [
        ({"crops": "ten"}, 3, "crops 'center', not 'ten'"),
        ({}, 7, "other images, columns or --shard-size"),
    ],
)
def test_going_on_by_another_rule_is_refused(
    table: str, tmp_path: Path, change: dict[str, str], size: int, match: str
) -> None:
    out = str(tmp_path / "scores")
    run_shards(CHOICE, plan([table], 3, COLUMNS), out, COLUMNS, manner=MANNER)
    choice, shards = replace(CHOICE, **change), plan([table], size, COLUMNS)
    with pytest.raises(OutputError, match=f"scores: was begun with {match}"):
        run_shards(choice, shards, out, COLUMNS, manner=MANNER)
    run_shards(choice, shards, out, COLUMNS, manner=replace(MANNER, force=True))
    assert len(shard_bytes(tmp_path / "scores")) == len(shards)


def test_folder_with_foreign_shards_is_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "part-000000.parquet").touch()
    with pytest.raises(OutputError, match=r"has shards but no _manifest\.json"):
        run_shards(CHOICE, plan([table], 3, COLUMNS), str(tmp_path), COLUMNS, manner=MANNER)


def test_storage_that_fails_once_is_tried_again(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = iter([True, False, False, False])
    write = Place.write

    def writing(place: Place, name: str, data: bytes) -> None:
        if name.startswith("part-") and next(failing):
            raise OSError("the storage is away")
        write(place, name, data)

    monkeypatch.setattr(Place, "write", writing)
    monkeypatch.setattr(shard_work, "PAUSE", 0)
    assert (
        run_shards(
            CHOICE, plan([table], 7, COLUMNS), str(tmp_path / "s"), COLUMNS, manner=MANNER
        ).pictures
        == 11
    )


def test_storage_that_stays_away_fails_its_shards_and_no_others(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Place.write

    def writing(place: Place, name: str, data: bytes) -> None:
        if name == "part-000001.parquet":
            raise OSError("the storage is away")
        write(place, name, data)

    monkeypatch.setattr(Place, "write", writing)
    monkeypatch.setattr(shard_work, "PAUSE", 0)
    with pytest.raises(
        OutputError,
        match=r"1 of \d shards failed; .*\n.*part-000001.* the storage is away \(3 attempts\)",
    ):
        run_shards(CHOICE, plan([table], 3, COLUMNS), str(tmp_path / "s"), COLUMNS, manner=MANNER)
    assert len(shard_bytes(tmp_path / "s")) == 3


def test_fail_stops_at_a_broken_image_and_writes_no_shard_with_it(
    table: str, tmp_path: Path
) -> None:
    manner = replace(MANNER, on_error="fail")
    with pytest.raises(OutputError, match="102: is not an image"):
        run_shards(CHOICE, plan([table], 3, COLUMNS), str(tmp_path / "s"), COLUMNS, manner=manner)
    assert shard_bytes(tmp_path / "s") == {}


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(f"file://{tmp_path}")
    with pytest.raises(TypeError):
        place.write("a.parquet", 7)  # type: ignore[arg-type]
    assert place.names() == set()
    place.write("a.parquet", b"seven")
    assert place.read("a.parquet") == b"seven"
    assert place.names() == {"a.parquet"}


def test_parquet_without_the_columns_is_told(table: str, tmp_path: Path) -> None:
    with pytest.raises(
        FileFormatError, match=r"has no column bytes, id, but key, jpeg, rest; name them with"
    ):
        plan([table], 3)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FileFormatError, match=r"bad\.parquet: cannot be read as Parquet"):
        plan([str(tmp_path / "bad.parquet")], 3)


@pytest.mark.parametrize(
    ("column", "match"),
    [
        (
            ["a.png"],
            r"'bytes' holds string, where bytes of image files \(binary\) are wanted",
        ),  # was opened
        ([{"bytes": b"", "path": ""}], r"'bytes' holds struct<.*>, where"),  # was a traceback
        (pa.array([], pa.binary()), "holds no rows"),  # so was this
    ],
)
def test_parquet_that_holds_no_bytes_of_images_is_told(
    tmp_path: Path, column: object, match: str
) -> None:
    path = tmp_path / "images.parquet"
    pq.write_table(pa.table({"id": ["x"][: len(column)], "bytes": column}), path)
    with pytest.raises(FileFormatError, match=match):
        plan([str(path)], 3)


def test_parquet_without_an_id_is_told(tmp_path: Path) -> None:
    """Its id was the text 'None'."""
    path, out = tmp_path / "images.parquet", tmp_path / "s"
    pq.write_table(pa.table({"id": ["a", None], "bytes": [png(0), png(1)]}), path)
    with pytest.raises(OutputError, match=r"column 'id' holds nulls; every image needs an id"):
        run_shards(CHOICE, plan([str(path)], 3), str(out), Columns(), manner=MANNER)


def test_folder_of_shards_is_read_as_one_table(table: str, tmp_path: Path) -> None:
    """The manifest was in pyarrow's way."""
    run_shards(CHOICE, plan([table], 3, COLUMNS), str(tmp_path / "s"), COLUMNS, manner=MANNER)
    assert pq.read_table(tmp_path / "s")["id"].to_pylist() == [str(at) for at in range(100, 111)]


def test_parquet_matched_by_a_pattern_is_read(table: str, tmp_path: Path) -> None:
    """The pattern was taken for a file's name."""
    found = plan([str(tmp_path / "im*.parquet")], 99, COLUMNS)
    assert found == plan([table], 99, COLUMNS)
    with pytest.raises(FileFormatError, match=r"no\*\.parquet: matches no image"):
        plan([str(tmp_path / "no*.parquet")], 99, COLUMNS)


def test_folder_of_parquet_is_read_in_order_and_one_with_images_too_is_refused(
    table: str, tmp_path: Path
) -> None:
    (tmp_path / "another.parquet").write_bytes(Path(table).read_bytes())
    files = [Path(shard.file).name for shard in plan([str(tmp_path)], 99, COLUMNS)]
    assert files == ["another.parquet", "images.parquet"]
    (tmp_path / "a.png").touch()
    with pytest.raises(FileFormatError, match="holds both Parquet and images"):
        plan([str(tmp_path)], 99, COLUMNS)


def test_one_cpu_is_left_to_ray() -> None:
    assert pool_size({"CPU": 8.0}) == 7
    assert pool_size({"CPU": 2.0}) == 1
    assert pool_size({"CPU": 8.0, "GPU": 2.0}, gpus=1) == 2
    assert pool_size({"CPU": 8.0}, wanted=3) == 3


@pytest.mark.parametrize("free", [{}, {"CPU": 1.0}])
def test_cluster_without_a_cpu_to_spare_is_refused_at_once(free: dict[str, float]) -> None:
    with pytest.raises(UnsupportedError, match="it needs 2 at least"):
        pool_size(free)


def test_more_workers_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"room for 3 workers .* asks for 4"):
        pool_size({"CPU": 4.0}, wanted=4)
    with pytest.raises(UnsupportedError, match="room for 0 workers"):
        pool_size({"CPU": 4.0, "GPU": 0.0}, gpus=1)


def test_relative_paths_start_where_the_command_was_given(tmp_path: Path) -> None:
    """A worker of another machine has another working directory."""
    shard = Shard(index=0, rows=2, paths=("a.png", "/data/b.png"))
    found = list(shard.items(Columns(), 1, str(tmp_path)))
    assert found == [("a.png", tmp_path / "a.png"), ("/data/b.png", Path("/data/b.png"))]


def test_choice_for_another_machine_has_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = Choice(model="m.pt", mean="mean.npy", calibration="c.json").absolute()
    assert (found.model, found.weights) == (str(tmp_path / "m.pt"), None)
    assert (found.mean, found.calibration) == (str(tmp_path / "mean.npy"), str(tmp_path / "c.json"))
    assert Choice(model="resmem", calibration="ganalyze").absolute() == Choice(
        model="resmem", calibration="ganalyze"
    )


def test_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Place, "write", refusing)
    with pytest.raises(OutputError, match=r"out: cannot be written \(.*No space left on device"):
        run_shards(TinyChoice(), [], str(tmp_path / "out"), Columns(), manner=Manner(quiet=True))
