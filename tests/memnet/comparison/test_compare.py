"""`memnet compare`: the table of models by data, on generated pictures and on LaMem's real splits."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recorded_scores as recorded
from conftest import ROOT
from scipy import stats

import converter
import memnet
from converter.errors import FileFormatError
from memnet import example
from memnet.choice import Choice
from memnet.cli import main
from memnet.comparison.origins import Origin, declared, of_run, origin_of
from memnet.data import DataSet, Generated, Item, generate, load_data
from memnet.published import SHA256
from validation.page import write_page


@pytest.fixture(autouse=True)
def keep_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)


@pytest.fixture(scope="module")
def lamem(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("lamem") / "lamem", "lamem", 30, seed=4, truncated=True)


@pytest.fixture(scope="module")
def memcat(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("memcat") / "memcat", "memcat", 20, seed=5)


def write_scores(
    path: Path, spec: str, splits: tuple[str, ...] = ("",), *, noise: float = 0.1
) -> str:
    """Write truth and noise as somebody's scores; returns the model's spec."""
    generator = np.random.default_rng(1)
    rows = {
        item.name: item.score + noise * generator.standard_normal()
        for split in splits
        for item in load_data(spec, split, check_images=False)
    }
    path.write_text("image,score\n" + "".join(f"{name},{score}\n" for name, score in rows.items()))
    return f"csv:{path}"


def run(tmp_path: Path, *given: object) -> dict[str, Any]:
    out = tmp_path / "c.json"
    options = ["--quiet", "--json", str(out), "--samples", "50", "--workers", "1"]
    assert main(["compare", *map(str, given), *options]) == 0
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_cells_are_predictions_ranked_by_scipy(
    full_folder: Path, memcat: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = write_scores(tmp_path / "theirs.csv", memcat.spec)
    found = run(
        tmp_path, "--model", f"Mine={full_folder}", "--model", theirs, "--data", memcat.spec
    )
    shown = capsys.readouterr().out
    data = load_data(memcat.spec)
    scores = memnet.predict(memnet.load(full_folder), data.paths)
    cells = {cell["model"]: cell for cell in found["cells"]}
    np.testing.assert_allclose(cells["Mine"]["scores"], scores, rtol=1e-5)
    for cell in cells.values():
        rho = stats.spearmanr(cell["scores"], data.scores).statistic
        assert cell["summary"]["correlation"]["rho"] == pytest.approx(rho, abs=1e-15)
        interval = cell["summary"]["correlation"]["bootstrap"]
        assert f"[{interval['low']:.3f}, {interval['high']:.3f}]" in shown
    (pair,) = found["paired"]
    rhos = [cells[name]["summary"]["correlation"]["rho"] for name in ("Mine", "theirs")]
    assert (pair["a"], pair["b"]) == ("Mine", "theirs")
    assert pair["paired"]["delta"] == pytest.approx(rhos[0] - rhos[1], abs=1e-15)
    assert shown.split("MemCat", 1)[1].split()[:3] == ["SYNTHETIC,", "20", "images"]
    assert write_page(found, tmp_path / "page").is_file()
    assert found["data"][0]["synthetic"]
    assert cells["theirs"]["crops"] is None
    assert found["data"][0]["consistency"]["rho"] > 0.5


def test_unreadable_image_is_named_and_left_out_for_all(
    full_folder: Path, lamem: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = lamem.truncated[0].name
    splits = tuple(f"test_{at}" for at in range(1, 6))
    theirs = write_scores(tmp_path / "theirs.csv", lamem.spec, splits)
    given = ["--model", full_folder, "--model", theirs, "--data", lamem.spec, "--split", "all"]
    found = run(tmp_path, *given)
    shown = capsys.readouterr().out
    assert [data["split"] for data in found["data"]] == list(splits)
    for data in found["data"]:
        has = broken in {item.name for item in load_data(lamem.spec, data["split"])}
        assert (data["n"], data["left_out"]) == (6 - has, int(has))
        assert broken not in data["names"]
    for cell in found["cells"]:
        (data,) = (one for one in found["data"] if one["split"] == cell["split"])
        assert len(cell["scores"]) == data["n"]
    assert (
        f"of 6 images are left out for every model: {broken} (cannot be read as an image"
        in " ".join(shown.split())
    )


def test_splits_have_mean_and_sd_of_their_correlations(
    lamem: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits = tuple(f"test_{at}" for at in range(1, 6))
    one = write_scores(tmp_path / "one.csv", lamem.spec, splits)
    two = write_scores(tmp_path / "two.csv", lamem.spec, splits, noise=0.02)
    given = ["--model", one, "--model", two, "--data", lamem.spec, "--split", "all"]
    found = run(tmp_path, *given)
    shown = capsys.readouterr().out
    for entry in found["splits"]:
        rhos = [
            cell["summary"]["correlation"]["rho"]
            for cell in found["cells"]
            if cell["model"] == entry["model"]
        ]
        assert entry["splits"]["values"] == rhos
        assert entry["splits"]["mean"] == pytest.approx(np.mean(rhos), abs=1e-15)
        assert entry["splits"]["sd"] == pytest.approx(np.std(rhos, ddof=1), abs=1e-15)
        assert f" {np.mean(rhos):.3f}" in shown
        assert f"± {np.std(rhos, ddof=1):.3f}" in shown
    assert len(found["splits"]) == 2
    assert len(found["paired"]) == 5
    assert "LaMem, 5 splits" in shown


def test_one_crop_and_ten_are_two_models(full_folder: Path, tmp_path: Path) -> None:
    spec = generate(tmp_path / "lamem", "lamem", 20, seed=8).spec
    given = ["--model", f"M={full_folder}", "--data", spec, "--crops", "both"]
    found = run(tmp_path, *given)
    assert [(cell["model"], cell["crops"]) for cell in found["cells"]] == [
        ("M, one crop", "center"),
        ("M, ten crops", "ten"),
    ]
    paths = load_data(spec).paths
    ten = memnet.predict(memnet.load(full_folder), paths, crops="ten")
    np.testing.assert_allclose(found["cells"][1]["scores"], ten, rtol=1e-5)


def test_untrained_model_is_labelled_wherever_it_appears(
    memcat: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, text, mean = example.write_example(tmp_path)
    folder = converter.convert(model, prototxt=text, mean=mean, out=tmp_path / "memnet_torch")
    given = ["--model", model, "--model", folder, "--mean", mean, "--data", memcat.spec]
    found = run(tmp_path, *given)
    shown = capsys.readouterr().out
    assert all(entry["untrained"] and "UNTRAINED" in entry["name"] for entry in found["models"])
    assert all(cell["warnings"][0].startswith("UNTRAINED") for cell in found["cells"])
    assert (
        "! UNTRAINED: the model's weights are random; its scores mean nothing: everywhere"
        in " ".join(shown.split())
    )
    np.testing.assert_allclose(*(cell["scores"] for cell in found["cells"]), rtol=1e-5)
    model.unlink()
    (folder / "model.safetensors").unlink()


def test_faces_come_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = generate(tmp_path / "faces", "faces", 20, seed=6).spec
    scores = [write_scores(tmp_path / f"{name}.csv", spec) for name in "ab"]
    run(tmp_path, "--model", scores[0], "--model", scores[1], "--data", spec)
    assert "! faces: nets trained on scenes and objects do not transfer" in capsys.readouterr().out


def names_of(*parts: str) -> set[str]:
    folder = recorded.FOLDER / "lamem-splits"
    lines = [line for part in parts for line in (folder / f"{part}.txt").read_text().splitlines()]
    return {line.split()[0] for line in lines}


def test_training_images_of_one_split_are_found_in_anothers_test(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """LaMem's own lists: a model trained on split 1 has seen most of the others' test images."""
    spec = f"lamem:{recorded.FOLDER / 'lamem-splits'}"
    model = write_scores(tmp_path / "m.csv", spec, ("test_1", "test_2"))
    seen = tmp_path / "seen.txt"
    used = names_of("train_1", "val_1")
    seen.write_text("".join(f"LaMem/{name}\n" for name in sorted(used)))
    given = ["evaluate", "--model", f"split 1={model}", "--seen", f"split 1={seen}", "--data", spec]
    out = tmp_path / "c.json"
    assert main([*given, "--split", "test_1,test_2", "--samples", "0", "--json", str(out)]) == 0
    first, second = json.loads(out.read_text())["cells"]
    overlap = len(used & names_of("test_2"))
    assert first["seen"] is None
    assert second["seen"] == f"seen in training: {overlap:,} of 10,000 images"
    assert overlap > 8000
    assert f"* {second['seen']}: split 1 on LaMem test_2" in " ".join(
        capsys.readouterr().out.split()
    )


def write_run(folder: Path, lines: str, **record: object) -> Path:
    """Write what `memnet train` leaves, with weights that nobody loads."""
    home = folder / "model"
    home.mkdir(parents=True)
    (home / "seen.txt").write_text(lines)
    (home / "model.safetensors").write_bytes(b"weights")
    part = {"data": "LaMem", "split": "train_1", "n": 20, "synthetic": False}
    digest = hashlib.sha256(lines.encode()).hexdigest()
    told = {"format": "memnet-model", "version": 1, "trained_on": [part], "seen_sha256": digest}
    (home / "model.json").write_text(json.dumps(told | record))
    return folder


def test_run_brings_what_it_has_seen(lamem: Generated, tmp_path: Path) -> None:
    data = load_data(lamem.spec, "test_2")
    names = [item.name for item in data][:4]
    folder = write_run(tmp_path / "run", "".join(f"LaMem/{name}\n" for name in names))
    found = origin_of(Choice(model=str(folder)))
    assert found.trained_on == "LaMem train_1"
    assert found.weights_sha256 == hashlib.sha256(b"weights").hexdigest()
    assert found.seen(data, data.rows) == "seen in training: 4 of 6 images"
    assert found.seen(data, data.rows[4:]) is None
    assert found == of_run(folder / "model")


def test_run_that_went_on_from_another_has_seen_both(tmp_path: Path, lamem: Generated) -> None:
    first = write_run(tmp_path / "first", "LaMem/a.jpg\n")
    start = {"weights": str(first), "taken": []}
    second = write_run(tmp_path / "second", "LaMem/b.jpg\n", start=start)
    found = origin_of(Choice(model=str(second)))
    assert found.images == {"LaMem/a.jpg", "LaMem/b.jpg"}
    assert found.trained_on == "LaMem train_1, from first"


def test_start_that_is_gone_leaves_a_doubt(tmp_path: Path) -> None:
    """It was silent; whoever names a start of which nothing is known must be told."""
    start = {"weights": str(tmp_path / "gone"), "taken": []}
    second = write_run(tmp_path / "second", "LaMem/b.jpg\n", start=start)
    assert origin_of(Choice(model=str(second))).trained_on == "LaMem train_1, from gone (not known)"


def test_same_images_under_another_data_set_are_perhaps_seen(
    lamem: Generated, tmp_path: Path
) -> None:
    """A user's own table of LaMem's pictures, for training: LaMem's cells had no mark."""
    data = load_data(lamem.spec, "test_2")
    names = [item.name for item in data]
    of_csv = [f"mine/images/{name}" for name in names[:4]] + ["mine/images/else.jpg"]
    own = Origin(images=frozenset(of_csv))
    assert own.seen(data, data.rows) == (
        "perhaps seen in training: 4 of 6 images are called as images of mine that were"
    )
    assert own.seen(data, data.rows[4:]) is None
    assert Origin(images=frozenset({"mine/cats/1.jpg"})).seen(*called("dogs/1.jpg")) is None
    assert "1 of 1" in str(Origin(images=frozenset({"mine/1.jpg"})).seen(*called("dogs/1.jpg")))


def called(name: str) -> tuple[DataSet, tuple[Item, ...]]:
    """A data set of one image."""
    items = (Item(path=Path(name), score=0.5, name=name),)
    return DataSet("theirs", items), items


@pytest.mark.parametrize("said", ["LaMem", "lamem", "MemCat, Mine"])
def test_what_a_user_says_is_seen_is_marked(lamem: Generated, said: str) -> None:
    """Also where the data are synthetic, in other letters, or by the name that the table has."""
    data = load_data(lamem.spec)
    assert "as --seen says" in str(declared(said).seen(data, data.rows, "Mine"))


def test_list_of_seen_images_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"seen\.txt: there is no such file"):
        declared(str(tmp_path / "seen.txt"))


def test_list_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", "LaMem/a.jpg\n")
    (folder / "model" / "seen.txt").write_text("")
    with pytest.raises(
        FileFormatError, match=r"seen.txt: is not the list that the training run wrote"
    ):
        origin_of(Choice(model=str(folder)))


def test_published_memnet_may_have_seen_any_split_of_lamem(
    full_folder: Path, lamem: Generated, tmp_path: Path
) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "model.safetensors").symlink_to(full_folder / "model.safetensors")
    assert origin_of(Choice(model=str(folder))).trained_on == "not known"
    (folder / "conversion.json").write_text(json.dumps({"model": {"sha256": SHA256}}))
    found = origin_of(Choice(model=str(folder)))
    assert "LaMem" in found.trained_on
    real = load_data(f"lamem:{recorded.FOLDER / 'lamem-splits'}", check_images=False)
    assert str(found.seen(real, real.rows)).startswith(
        "perhaps seen in training: the published MemNet"
    )
    synthetic = load_data(lamem.spec)
    assert found.seen(synthetic, synthetic.rows) is None


def test_data_sets_that_a_user_names_are_marked_whole(shared: Path, tmp_path: Path) -> None:
    table = recorded.MEMCAT
    for spec in (f"memcat:{table}", f"memcat-corrected:{table}"):
        data = load_data(spec, check_images=False)
        assert "seen in training" in str(declared("LaMem, MemCat").seen(data, data.rows))
    assert Origin().seen(data, data.rows) is None


@pytest.mark.slow  # which runs where its weights are installed
def test_released_resmem_has_seen_lamem_and_memcat(shared: Path) -> None:
    from memnet.networks.resmem import installed_weights

    try:
        path = installed_weights()
    except FileFormatError:
        pytest.skip("not run: the package resmem, which holds the weights, is not installed")
    found = origin_of(Choice(model=str(path)))
    data = load_data(f"memcat:{recorded.MEMCAT}", check_images=False)
    assert found.trained_on == "LaMem + MemCat"
    assert str(found.seen(data, data.rows)).startswith("seen in training: ResMem")


def test_scores_of_one_set_alone_leave_the_other_sets_cell_empty(
    memcat: Generated, lamem: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "both.csv"
    text = [Path(write_scores(both, one.spec)[4:]).read_text() for one in (lamem, memcat)]
    both.write_text(text[0] + text[1].partition("\n")[2])
    only = write_scores(tmp_path / "only.csv", memcat.spec)
    given = ["--model", f"csv:{both}", "--model", only, "--data", lamem.spec, "--data", memcat.spec]
    found = run(tmp_path, *given)
    cells = [(cell["model"], cell["data"]) for cell in found["cells"]]
    assert cells == [("both", "LaMem"), ("both", "MemCat"), ("only", "MemCat")]
    assert [data["left_out"] for data in found["data"]] == [0, 0]
    rows = [one.split() for one in capsys.readouterr().out.splitlines()]
    (row,) = (one for one in rows if one[:1] == ["only"])
    assert row[:2] == ["only", "-"]


def test_one_model_is_nothing_to_compare(
    memcat: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_scores(tmp_path / "m.csv", memcat.spec)
    assert main(["compare", "--model", model, "--data", memcat.spec]) == 2
    assert "1 model is nothing to compare" in capsys.readouterr().err


def test_scores_are_kept_and_taken_up(
    full_folder: Path, memcat: Generated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands in the cache is not computed again: a changed score comes back as it stands."""
    theirs = write_scores(tmp_path / "theirs.csv", memcat.spec)
    cache = tmp_path / "deep" / "cache"
    given = [
        "--model",
        f"M={full_folder}",
        "--model",
        theirs,
        "--data",
        memcat.spec,
        "--scores-cache",
        cache,
    ]
    first = run(tmp_path, *given)["cells"][0]["scores"]
    (table,) = cache.glob("M-*-center.csv")
    head, row, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, f"{row.split(',')[0]},0.125,", *rows, ""]))
    assert run(tmp_path, *given)["cells"][0]["scores"] == [0.125, *first[1:]]


INTERRUPTED = """
import os, signal, sys
from memnet.cli import main
from memnet.runs.journal import Journal
append = Journal.append
def appending(self, rows):
    append(self, rows)
    os.kill(os.getpid(), signal.SIGINT)
Journal.append = appending
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_interrupted_run_goes_on(
    full_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real interrupt, after the first batch is on the disk."""
    spec = generate(tmp_path / "data", "csv", 20, seed=7).spec
    given = ["evaluate", "--model", f"M={full_folder}", "--data", spec, "--batch-size", "2"]
    given += ["--workers", "0", "--samples", "0", "--json"]
    one, other = (str(tmp_path / f"{name}.json") for name in "ab")
    kept = [one, "--scores-cache", str(tmp_path / "cache")]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *given, *kept],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert "the same command again goes on" in done.stderr
    assert main([*given, *kept]) == 0
    assert "2 of 20 images are done already; going on" in capsys.readouterr().err
    assert main([*given, other]) == 0
    assert Path(one).read_bytes() == Path(other).read_bytes()
