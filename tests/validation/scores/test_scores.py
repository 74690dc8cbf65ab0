"""Scores of images in a parity run: tables, limits, subsets, and what is said where data lack."""

from __future__ import annotations

import base64
import csv
import io
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
import torch
from natural_images import natural_images
from PIL import Image
from scipy import stats

from converter import Preprocess
from converter.conversion import Conversion, prepare
from converter.errors import CaffeError, FileFormatError
from converter.files.read_net import read_net
from memnet.crops import crop
from memnet.data import generate
from memnet.v1_file import Numbers, write_net
from validation.port import find_port
from validation.report import Check, Report
from validation.scores.images import run_images
from validation.scores.reading import read_scores
from validation.scores.run import crops_of, score_checks
from validation.scores.score_file import ScoreFile
from validation.scores.source import Pictures, Sources
from validation.scores.stages import FedComparison, score_limit


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


@pytest.fixture(scope="module")
def conversion(thin: Path, tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    mean = tmp_path_factory.mktemp("mean") / "mean.npy"
    np.save(mean, rule.mean_bgr())
    return prepare(thin / "net.caffemodel", thin / "net.prototxt", mean)


@pytest.fixture
def net(conversion: Conversion) -> torch.nn.Module:
    return find_port(conversion, None)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for at, image in enumerate(natural_images(6, seed=5)):
        Image.fromarray(image).save(folder / f"{at}.png")
    return folder


def write(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def scores_file(path: Path, scores: Sequence[float], start: str = "{}.png") -> Path:
    names = [start.format(at) for at in range(len(scores))]
    return write(path, {"name": names, "score": [repr(float(score)) for score in scores]})


def pair(tmp_path: Path, ours: Sequence[float], theirs: Sequence[float], **more: object) -> Report:
    scores = {
        "port": scores_file(tmp_path / "port.csv", ours),
        "original": scores_file(tmp_path / "original.csv", theirs),
    }
    return report(score_checks(None, None, (), sources=Sources(scores=scores, **more)))


def report(found: tuple) -> Report:
    checks, tables, notes = found
    return Report(subject="test", checks=tuple(checks), notes=tuple(notes), scores=tuple(tables))


def verdicts(result: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in result.checks}


def only(result: Report, verdict: str) -> Check:
    (check,) = [check for check in result.checks if check.verdict == verdict]
    return check


NORMAL = np.random.default_rng(1).normal(size=300)


def test_limit_goes_with_the_spread(tmp_path: Path) -> None:
    """1e-5 off is nothing where scores spread by 0.08, and a difference where they spread by 0.0025."""
    wide, narrow = 0.75 + 0.08 * NORMAL, 0.725 + 0.0025 * NORMAL
    assert pair(tmp_path, wide + 1e-5, wide).exit_code == 0
    assert pair(tmp_path, narrow + 1e-5, narrow).exit_code == 1
    assert pair(tmp_path, narrow + 1e-6, narrow).exit_code == 0


def test_limit_is_never_below_what_float32_has() -> None:
    constant = np.full(9, 0.75)
    assert score_limit(constant) == 16 * 2.0**-24
    assert score_limit(0.75 + NORMAL) == pytest.approx(1e-3 * NORMAL.std())


def test_decimals_of_a_file_are_allowed_for(tmp_path: Path) -> None:
    narrow = 0.725 + 0.0025 * NORMAL
    assert pair(tmp_path, np.round(narrow, 5), narrow).exit_code == 0
    result = pair(tmp_path, np.round(narrow, 2), narrow)
    assert result.exit_code == 2
    assert "rounded to 0.005, too coarse for a spread of 0.0023" in only(result, "not run").detail
    assert pair(tmp_path, [0.7, 0.8, 0.9], [0.7, 0.8, 0.9]).exit_code == 0
    assert pair(tmp_path, [0.7, 0.9, 0.3], [0.9, 0.3, 0.7]).exit_code == 1  # beyond any rounding


def test_nan_in_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"port\.csv: the score of '2\.png' is 'nan'"):
        pair(tmp_path, [0.5, 0.6, np.nan], [0.5, 0.6, 0.7])


def test_lacking_scores_are_not_passed_over(tmp_path: Path) -> None:
    result = pair(tmp_path, NORMAL, NORMAL[:298])
    assert result.exit_code == 2
    check = only(result, "not run")
    assert check.name == "original, center: complete"
    assert check.detail == "has no score of 2 of 300 images: 298.png, 299.png"
    assert [len(table.names) for table in result.scores] == [300, 298]


def test_constant_scores_have_no_correlation(tmp_path: Path) -> None:
    data = generate(tmp_path / "data", "csv", 24)
    names = [f"images/{at:04d}.{'png' if at == 3 else 'jpg'}" for at in range(24)]
    for label in ("port", "original"):
        write(tmp_path / f"{label}.csv", {"image": names, "score": [0.725] * 24})
    scores = {label: tmp_path / f"{label}.csv" for label in ("port", "original")}
    sources = Sources(data=data.spec, scores=scores, samples=50)
    (table,) = report(score_checks(None, None, (), sources=sources)).scores
    assert table.summaries["port, center"].correlation.rho is None
    assert table.pairs[0].paired.delta is None
    assert table.synthetic
    assert table.published == ()


def test_table_holds_what_scipy_says(
    conversion: Conversion, net: torch.nn.Module, tmp_path: Path
) -> None:
    data = generate(tmp_path / "data", "memcat", 30, seed=2)
    sources = Sources(data=data.spec, crops=("center", "ten"), samples=50, judged=3)
    result = report(score_checks(conversion, net, ("opencv", "reference"), sources=sources))
    assert result.exit_code == 0, str(result)
    table, part = result.scores
    assert [column.label for column in table.columns] == [
        "port, center",
        "port, ten",
        "opencv, center",
        "opencv, ten",
    ]
    ours, theirs = (np.array(table.columns[at].scores) for at in (1, 3))
    summary = table.summaries["port, ten"]
    assert summary.correlation.rho == pytest.approx(stats.spearmanr(ours, table.truth).statistic)
    assert summary.gap.ks == pytest.approx(stats.ks_2samp(ours, table.truth).statistic)
    found = table.pairs[1]
    assert (found.port, found.original) == ("port, ten", "opencv, ten")
    assert found.largest == np.abs(ours - theirs).max()
    assert found.spread == pytest.approx(np.std(theirs))
    assert table.consistency.splits == 25
    assert part.data == "MemCat, 3 of 30 images"
    assert {column.label for column in part.columns} >= {"port, center", "reference, ten"}
    assert "3 images" in next(c for c in result.checks if c.name.startswith("reference")).detail
    assert len(table.worst) == 12
    assert table.worst[0].picture.startswith("data:image/jpeg;base64,")
    content = base64.b64decode(table.worst[0].picture.partition(",")[2])
    with Image.open(io.BytesIO(content)) as picture:
        assert max(picture.size) <= 160
    json.loads(result.to_json())


def test_scores_are_those_of_predict(
    conversion: Conversion, net: torch.nn.Module, images: Path
) -> None:
    from memnet.scoring import predict

    sources = Sources(images=(str(images),), crops=("center", "ten"), judged=1)
    table = report(score_checks(conversion, net, (), sources=sources)).scores[0]
    for column in table.columns:
        expected = predict(net, table.names, column.crops, preprocess=conversion.preprocess)
        assert np.abs(np.array(column.scores) - expected).max() <= score_limit(
            expected.astype(float)
        )


def test_five_splits_have_mean_and_deviation(tmp_path: Path) -> None:
    data = generate(tmp_path / "data", "lamem", 60, seed=4)
    names = [f"{at + 1:08d}.jpg" for at in range(60)]
    scores = np.random.default_rng(8).normal(0.7, 0.1, 60)
    files = {
        label: write(
            tmp_path / f"{label}.csv",
            {"image": names, "score": list(map(repr, map(float, scores)))},
        )
        for label in ("port", "original")
    }
    sources = Sources(data=data.spec, split="all", scores=files, samples=20)
    result = report(score_checks(None, None, (), sources=sources))
    assert [table.data for table in result.scores] == [f"LaMem test_{k}" for k in range(1, 6)]
    by_name = dict(zip(names, scores, strict=True))
    rhos = [
        stats.spearmanr([by_name[name] for name in table.names], table.truth).statistic
        for table in result.scores
    ]
    splits = result.scores[0].splits["port, center"]
    assert [check.name for check in result.checks][1] == "LaMem test_2: original: scores, center"
    assert splits.values == pytest.approx(rhos)
    assert splits.mean == pytest.approx(np.mean(rhos))
    assert splits.sd == pytest.approx(np.std(rhos, ddof=1))
    assert all(table.splits == {} for table in result.scores[1:])


SCRIPT = """
import json, sys, time
from pathlib import Path
from validation.cost import cost_since
from validation.report import Report
from validation.scores.run import score_checks
from validation.scores.source import Sources
data, port, original = sys.argv[1:]
began = time.perf_counter()
files = {"port": Path(port), "original": Path(original)}
sources = Sources(data=data, split="test_1", crops=("center", "ten"), scores=files)
checks, tables, notes = score_checks(None, None, (), sources=sources)
text = Report(subject="x", checks=tuple(checks), notes=tuple(notes), scores=tuple(tables)).to_json()
cost = cost_since(began)
spent = time.process_time()  # on a busy machine the clock says nothing
print(json.dumps({"seconds": spent, "peak": cost.peak_bytes, "report": json.loads(text)}))
"""


def test_full_size_split_is_quick_and_small(shared: Path, tmp_path: Path) -> None:
    """10,000 rows of a real split, scores of one crop and ten of both hands, 2,000 samples of each bootstrap."""
    root = shared / "memorability/lamem-splits"
    rows = [line.split() for line in (root / "test_1.txt").read_text().splitlines()]
    truth = np.array([float(score) for _, score in rows])
    noise = np.random.default_rng(0).normal(size=(2, len(truth)))
    narrow = 0.725 + 0.0025 * (0.57 * (truth - truth.mean()) / truth.std() + 0.82 * noise[0])
    files = []
    for label, off in (("port", 1e-7), ("original", 0)):
        center = narrow + off * noise[1]
        columns = {"name": [name for name, _ in rows], "center": center, "ten": 32 * center - 22.5}
        files.append(str(write(tmp_path / f"{label}.csv", columns)))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, f"lamem:{root}", *files], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["seconds"] < 60
    assert found["peak"] < 1e9
    table = found["report"]["scores"][0]
    assert found["report"]["exit_code"] == 0
    rho = stats.spearmanr(narrow, truth).statistic
    correlation = table["summaries"]["original, center"]["correlation"]
    assert correlation["rho"] == pytest.approx(rho)
    assert correlation["bootstrap"]["low"] < rho < correlation["bootstrap"]["high"]
    published = {
        (figure["model"], figure["quantity"], figure["value"]) for figure in table["published"]
    }
    assert {("MemNet", "Spearman's rho", 0.57), ("MemNet", "Spearman's rho", 0.565)} <= published
    assert all(figure["source"] for figure in table["published"])
    note = found["report"]["notes"][-1]
    assert "mean is 0.754 and their standard deviation 0.124 in these data; published: " in note
    assert "0.725" in note
    assert "0.15" in note


def test_people_of_memcat_agree_as_published(shared: Path, tmp_path: Path) -> None:
    """Goetschalckx and Wagemans 2019 give 0.78."""
    table = shared / "memorability/memcat_image_data.csv"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores = [0.7 + 1e-4 * at for at in range(len(rows))]
    names = [row["image_file"] for row in rows]
    files = {
        label: write(tmp_path / f"{label}.csv", {"image": names, "score": scores})
        for label in ("port", "original")
    }
    sources = Sources(data=f"memcat:{table}", scores=files, samples=0)
    (found,) = report(score_checks(None, None, (), sources=sources)).scores
    assert found.consistency.rho == pytest.approx(0.78, abs=0.005)
    assert found.consistency.ceiling == pytest.approx(0.93, abs=0.01)


@pytest.mark.parametrize(("which", "rho"), [(1, 0.489), (2, 0.491), (3, 0.452)])
def test_real_scores_beside_hits_and_misses(
    shared: Path, tmp_path: Path, which: int, rho: float
) -> None:
    """The authors of the recorded scores found these correlations with the hit rates."""
    human = shared / "memorability/human"
    resmem = human / f"set{which}_resmem.csv"
    sources = Sources(
        data=f"csv:{human}/set{which}_memorability.csv",
        scores={"port": resmem, "original": resmem},
        samples=20,
    )
    result = report(score_checks(None, None, (), sources=sources))
    (table,) = result.scores
    assert table.summaries["port, center"].correlation.rho == pytest.approx(rho, abs=0.0006)
    assert 0.2 < table.consistency.rho < table.consistency.ceiling < 1


def test_back_end_that_cannot_run_is_not_passed(
    conversion: Conversion, net: torch.nn.Module, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    sources = Sources(images=(str(images),))
    result = report(score_checks(conversion, net, ("opencv",), sources=sources))
    assert result.exit_code == 2
    check = only(result, "not run")
    assert (check.name, check.stage) == ("opencv: network alone", "network")
    assert check.detail.startswith("OpenCV is not installed")


def test_unreadable_images_are_named(
    conversion: Conversion, net: torch.nn.Module, images: Path, tmp_path: Path
) -> None:
    for path in images.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.png").write_bytes(b"no picture")
    sources = Sources(images=(str(tmp_path),), judged=2)
    result = report(score_checks(conversion, net, ("reference",), sources=sources))
    assert result.exit_code == 2
    check = only(result, "not run")
    assert check.name == "images: readable"
    assert check.detail.startswith("1 of 7 images cannot be read and have no score: ")
    assert len(result.scores[0].names) == 6
    with pytest.raises(FileFormatError, match="none of 1 images can be read"):
        score_checks(conversion, net, (), sources=Sources(images=(str(tmp_path / "broken.png"),)))


def test_port_that_gives_nan_fails(
    conversion: Conversion, net: torch.nn.Module, images: Path
) -> None:
    with torch.no_grad():
        net.fc8_euclidean.bias.fill_(torch.nan)
    sources = Sources(images=(str(images),), judged=2)
    result = report(score_checks(conversion, net, ("reference",), sources=sources))
    assert result.exit_code == 1
    assert verdicts(result)["port: finite scores"] == "FAILED"


def test_net_without_a_single_score_is_not_run(shared: Path, images: Path) -> None:
    folder = shared / "goldens/preprocess/classifier"
    conversion = prepare(folder / "net.caffemodel", folder / "net.prototxt")
    sources = Sources(images=(str(images),))
    result = report(
        score_checks(conversion, find_port(conversion, None), ("reference",), sources=sources)
    )
    assert result.exit_code == 2
    assert "no single score for an image" in only(result, "not run").detail


def test_scores_of_images_that_are_nowhere_are_not_run(tmp_path: Path) -> None:
    sources = Sources(scores={"port": scores_file(tmp_path / "port.csv", [0.5, 0.6])})
    result = report(score_checks(None, None, ("reference",), sources=sources))
    assert result.exit_code == 2
    assert "no images" in only(result, "not run").detail


def test_crops_that_a_recording_lacks_are_not_run(
    conversion: Conversion, net: torch.nn.Module, images: Path, tmp_path: Path
) -> None:
    sources = Sources(images=(str(images),))
    centers = report(score_checks(conversion, net, (), sources=sources)).scores[0].columns[0]
    names = [f"{at}.png".encode() for at in range(6)]  # as Python 2 writes them
    np.savez(
        tmp_path / "recorded.npz",
        **{"images/names": np.array(names), "scores/center": np.array(centers.scores)},
    )
    sources = Sources(images=(str(images),), crops=("center", "ten"))
    result = report(score_checks(conversion, net, (tmp_path / "recorded.npz",), sources=sources))
    assert verdicts(result)["recorded.npz: scores, center"] == "passed"
    assert only(result, "not run").detail == "recorded.npz has no scores of ten crops"


def test_recorded_crops_judge_both_halves(
    conversion: Conversion, net: torch.nn.Module, images: Path, tmp_path: Path
) -> None:
    """A recording that holds what Caffe was fed: with its mean off by a grey level, the preprocessing differs alone."""
    fed = crops_of(conversion, Sources(images=(str(images),)))["data"]
    path = tmp_path / "recorded.npz"

    def judged(fed: np.ndarray) -> Report:
        with torch.no_grad():
            scores = net(torch.from_numpy(fed)).numpy()
        names = [f"{at}.png" for at in range(6)]
        np.savez(path, **{"images/names": names, "scores/center": scores, "crops/center": fed[:3]})
        sources = Sources(images=(str(images),))
        return report(score_checks(conversion, net, (path,), sources=sources))

    assert judged(fed).exit_code == 0
    result = judged(fed + np.float32(1))
    assert [(check.name, check.stage) for check in result.checks if not check.passed][:2] == [
        ("recorded.npz: what is fed", "preprocessing"),
        ("recorded.npz: scores, center", "end to end"),
    ]
    assert verdicts(result)["recorded.npz: network alone, center"] == "passed"
    assert result.checks[1].measured == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("config", "crop", "resize", "mean", "scale"),
    [
        ("resize", (40, 48), (40, 48), None, 1.0),
        ("resize_crop_mean3", (27, 27), (40, 48), (104, 117, 123), 1.0),
        ("upsize", (64, 64), (130, 171), (100, 100, 100), 1.0),
        ("resize_meanfile_crop_scale", (33, 33), (40, 48), "mean.npy", 0.017),
    ],
)
def test_fed_arrays_are_judged_by_real_caffe(
    shared: Path,
    config: str,
    crop: tuple[int, int],
    resize: tuple[int, int],
    mean: tuple[float, ...] | str | None,
    scale: float,
) -> None:
    """What Caffe's ImageData layer fed, recorded, against the rule `opencv`; and against `matlab`, which differs."""
    folder = shared / "goldens/preprocess/imagedata"
    names = [line.split()[0] for line in (folder / "list.txt").read_text().splitlines()]
    pictures = Pictures(
        label="recorded", names=tuple(names), paths=tuple(folder / name for name in names)
    )
    array = np.load(folder / mean) if isinstance(mean, str) else mean
    array = array if array is None or isinstance(mean, str) else np.reshape(array, (3, 1, 1))

    def fed(name: str) -> FedComparison:
        own = Preprocess(
            crop=crop,
            resize=resize,
            rule=name,
            mean=None if array is None else np.asarray(array, np.float32),
            scale=scale,
        )
        recorded = np.load(folder / "imagedata.npz")[f"{config}/data"]
        file = ScoreFile(path=Path("x.npz"), names=tuple(names), fed={"center": recorded})

        def score(crops: np.ndarray) -> np.ndarray:
            return crops.mean((1, 2, 3), dtype=float)

        ran = run_images(pictures, score, own, own, crops="center", files=[file])
        return ran.by_file["x.npz"]

    assert fed("opencv").check().verdict == "passed", fed("opencv").check()
    assert fed("matlab").check().verdict == "FAILED"
    assert fed("opencv").images == 4


TEXT = rule.RECORDED.with_suffix(".prototxt")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full-size MemNet that Caffe was recorded on, its mean and its four pictures."""
    folder = tmp_path_factory.mktemp("full")
    with (folder / "full.caffemodel").open("wb") as file:
        named = {
            name: tuple(Numbers(shape=a.shape, pieces=[a]) for a in rule.numbers(at))
            for at, (name, _) in enumerate(rule.LEARNABLE)
        }
        for _ in write_net(file, read_net(TEXT), named):
            pass
    np.save(folder / "mean.npy", rule.mean_bgr())
    (folder / "images").mkdir()
    for at, image in enumerate(rule.images()):
        Image.fromarray(image).save(folder / "images" / f"{at}.png")
    return folder


@pytest.mark.parametrize("crops", [("center",), ("ten",), ("center", "ten")])
def test_full_memnet_gives_the_scores_that_caffe_gave(full: Path, crops: tuple[str, ...]) -> None:
    conversion = prepare(full / "full.caffemodel", TEXT, full / "mean.npy")
    sources = Sources(images=(str(full / "images"),), crops=crops)
    result = report(
        score_checks(conversion, find_port(conversion, None), (rule.RECORDED,), sources=sources)
    )
    assert result.exit_code == 0, str(result)
    recorded = np.load(rule.RECORDED)["out/fc8-euclidean"].astype(float)
    table = result.scores[0]
    for column in (column for column in table.columns if column.source == "original"):
        expected = recorded[:, 4] if column.crops == "center" else recorded.mean(1)
        assert column.scores == pytest.approx(expected, abs=6e-8)
    assert verdicts(result)["memnet_full.npz: what is fed"] == "passed"
    assert verdicts(result)["memnet_full.npz: network alone"] == "passed"
    assert {f"memnet_full.npz: scores, {one}" for one in crops} <= verdicts(result).keys()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b,c\n1,2,3\n", r"has no column of names"),
        ("name,b,c\n1,2,3\n", r"has no column of scores .*, but name, b, c"),
        ("name,score\nx,high\n", r"the score of 'x' is 'high', no finite number"),
        ("name,score\nx,1\nx,2\n", r"names 'x' more than once"),
        ("", r"has no column of names"),
        ("image;score\na.jpg;0.5\n", r"has no column of names .*; columns stand between commas"),
    ],
)
def test_file_that_holds_no_scores_is_told(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(FileFormatError, match=rf"x\.csv: {match}"):
        read_scores(tmp_path / "x.csv")


def test_columns_of_crops_are_read(tmp_path: Path) -> None:
    crops = np.random.default_rng(2).random((3, 10))
    columns = {"image": ["a", "b", "c"], **{f"crop{at}": crops[:, at] for at in range(10)}}
    found = read_scores(write(tmp_path / "x.csv", columns))
    assert np.array_equal(found.scores("ten", plain_is=None), crops)
    assert np.array_equal(found.scores("center", plain_is=None), crops[:, [4]])


@pytest.mark.parametrize("text", ["file_name,Prediction", "score,url", "image,memnet"])
def test_of_two_columns_one_is_enough_to_know(tmp_path: Path, text: str) -> None:
    """A CSV with `file_name` beside `prediction` was refused."""
    rows = ("0.5,a.jpg", "0.7,b.jpg") if text == "score,url" else ("a.jpg,0.5", "b.jpg,0.7")
    (tmp_path / "x.csv").write_text("\n".join([text, *rows]))
    found = read_scores(tmp_path / "x.csv")
    assert found.rows(["b.jpg", "a.jpg"]) == [1, 0]
    assert found.plain is not None
    assert found.plain.tolist() == [0.5, 0.7]


def test_pictures_without_a_score_are_left_out(tmp_path: Path) -> None:
    """As `memnet predict` writes them, with an error in the last column."""
    (tmp_path / "x.csv").write_text("image,score,error\na.jpg,0.75,\nb.jpg,,is damaged\n")
    assert read_scores(tmp_path / "x.csv").rows(["b.jpg", "/some/where/a.jpg"]) == [None, 0]


def test_recordings_are_read_from_hdf5_too(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images/names"] = [b"a", b"b"]
        file["scores/ten"] = np.arange(20.0).reshape(2, 10)
    found = read_scores(tmp_path / "x.h5")
    assert found.names == ("a", "b")
    assert found.scores("center", plain_is=None)[:, 0].tolist() == [4, 14]


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"x": np.zeros(3)}, "holds no scores"),
        (
            {"images/names": ["a"], "scores/center": np.zeros(2)},
            "is of 2 images, images/names of 1",
        ),
        ({"scores/center": np.array([np.nan])}, "holds NaN or infinity"),
        ({"out/p": np.zeros((2, 3))}, r"has 3 values for an image, not one or ten"),
        ({"scores/ten": np.zeros((2, 7))}, r"has 7 values for an image, not one or ten"),
        ({"out/p": np.float32(0)}, r"no scores of images"),
        ({"scores/center": np.array(["a"])}, r"no scores of images"),
        ({"scores/center": np.zeros(1), "crops/center": np.zeros(1)}, "no pictures"),
    ],
)
def test_recording_without_scores_is_told(
    tmp_path: Path, arrays: dict[str, object], match: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(FileFormatError, match=rf"x\.npz: .*{match}"):
        read_scores(tmp_path / "x.npz", output="p")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"images": ("a",), "data": "csv:b"}, "--images and --data are both given"),
        ({"split": "test_1"}, "--split test_1 is given without --data"),
        ({"data": "memcat:x", "split": "all"}, "--split all is LaMem's"),
    ],
)
def test_contradictions_are_told(given: dict[str, object], match: str) -> None:
    with pytest.raises(CaffeError, match=match):
        score_checks(None, None, (), sources=Sources(**given))


def test_two_sets_of_one_name_are_told(tmp_path: Path) -> None:
    path = scores_file(tmp_path / "port.csv", [0.5, 0.6])
    (tmp_path / "b").mkdir()
    other = scores_file(tmp_path / "b" / "port.csv", [0.5, 0.6])
    with pytest.raises(FileFormatError, match=r"'port\.csv' names two sets of scores"):
        score_checks(None, None, (path, other), sources=Sources(scores={"port": path}))


def test_table_is_json(tmp_path: Path) -> None:
    result = pair(tmp_path, NORMAL, NORMAL)
    assert json.loads(json.dumps(asdict(result.scores[0])))["columns"][0]["label"] == "port, center"


def test_port_that_knows_one_crop_is_compared_with_the_central_one(
    conversion: Conversion, net: torch.nn.Module, images: Path
) -> None:
    sources = Sources(images=(str(images),), crops=("center", "ten"))
    rule = conversion.preprocess
    net.preprocess = lambda image: crop(rule, image, "center")
    found = report(score_checks(conversion, net, ("reference",), sources=sources))
    assert only(found, "not run").name == "port: scores, ten"
    assert found.exit_code == 2
    net.preprocess = lambda image: crop(rule, image[..., ::-1].copy(), "center")[0]
    found = report(score_checks(conversion, net, ("reference",), sources=sources))
    fed = next(check for check in found.checks if check.passed is False)
    assert fed.name == "preprocessing alone: what is fed"
    assert 0 < fed.measured < 255
    assert "looks like RGB" in fed.detail


def test_port_in_float64_is_scored_and_pictures_of_any_size_are_told(
    conversion: Conversion, net: torch.nn.Module, tmp_path: Path
) -> None:
    for at, size in enumerate([(256, 256), (300, 260)]):
        Image.new("RGB", size, (90, 10 * at, 200)).save(tmp_path / f"{at}.png")
    sources = Sources(images=(str(tmp_path),))
    checks, _, _ = score_checks(conversion, net.double(), ("reference",), sources=sources)
    assert all(check.passed for check in checks)
    net.preprocess = lambda image: image
    with pytest.raises(FileFormatError, match=r"the port fails on \(1, 256, 256, 3\): "):
        score_checks(conversion, net, ("reference",), sources=sources)
