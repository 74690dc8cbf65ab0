"""`memnet evaluate`: the published findings about the released ResMem, out of one command on recorded scores."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import recorded_scores as recorded
from scipy import stats

from memnet.calibration import load_calibration
from memnet.cli import main
from memnet.data import generate


@pytest.fixture(autouse=True)
def keep_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)


def arguments(number: int) -> list[str]:
    """Recorded ResMem scores on one set, its truth from counts."""
    truth, scores = (
        recorded.HUMAN / f"set{number}_{kind}.csv" for kind in ("memorability", "resmem")
    )
    data = f"set {number}=csv:{truth}#hits=target_hit,misses=target_miss"
    return ["evaluate", "--model", f"ResMem=csv:{scores}#resmem", "--data", data]


def line(text: str, start: str) -> str:
    """Return the line that starts so, with those that continue it."""
    joined = re.sub(r"\n {16}", " ", text)
    return next(line.strip() for line in joined.splitlines() if line.strip().startswith(start))


@pytest.mark.parametrize(
    ("number", "least", "rho"), [(1, 0.4128, 0.489), (2, 0.4129, 0.491), (3, 0.4127, 0.452)]
)
def test_floor_rank_and_spread_are_shown(
    shared: Path, number: int, least: float, rho: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(number), "--samples", "100"]) == 0
    shown = capsys.readouterr().out
    assert f"least score {least:.4f}" in line(shown, "floor")
    assert f"Spearman's rho {rho:.3f}" in line(shown, "rank")
    data = recorded.human(number)
    ratio = data["resmem"].std() / data["target_hr"].std()
    assert f"ratio {ratio:.3f}" in line(shown, "spread")
    assert line(shown, "ResMem  ").split() == ["ResMem", f"{rho:.3f}"]
    assert "half against half" in line(shown, "people")


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_three_sets_fit_80_columns(
    command: str, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They took 102 to 150."""
    _, _, scores, _, data = arguments(1)
    other = scores.replace("ResMem=", "another model by the same name (UNTRAINED), ten crops=")
    sets = [data.replace("set 1", name) for name in ("set 1", "a set of a long name", "third")]
    given = [option for one in sets for option in ("--data", one)]
    assert main([command, "--model", scores, "--model", other, *given, "--samples", "20"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert any(one.split() == ["ResMem", *3 * ["0.489"]] for one in shown.splitlines())


def test_error_by_decile_and_above_half_are_those_of_the_data(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.json"
    assert main([*arguments(2), "--samples", "0", "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    deciles = json.loads(out.read_text())["cells"][0]["summary"]["regression"]["deciles"]
    data = recorded.human(2)
    truth = data["target_hit"] / (data["target_hit"] + data["target_miss"])
    away = np.abs(data["resmem"] - truth)
    assert sum(one["n"] for one in deciles) == 1104
    for one in deciles:
        inside = (truth >= one["low"]) & (truth <= one["high"])
        assert one["n"] == inside.sum()
        assert one["mae"] == pytest.approx(away[inside].mean(), rel=1e-12)
        row = line(shown, f"{one['low']:.3f} to {one['high']:.3f}").split()
        assert (row[3], row[-1]) == (str(one["n"]), f"{one['mae']:.4f}")
    assert f"absolute {away[truth > 0.5].mean():.4f}" in line(shown, "above 0.5")


def test_json_and_csv_hold_what_scipy_gives(shared: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "c.json", tmp_path / "c.csv"
    assert main([*arguments(1), "--json", str(out), "--csv", str(table), "--samples", "50"]) == 0
    found = json.loads(out.read_text())
    (cell,), (data,) = found["cells"], found["data"]
    expected = stats.spearmanr(cell["scores"], data["truth"]).statistic
    assert cell["summary"]["correlation"]["rho"] == expected
    assert expected == pytest.approx(0.489, abs=6e-4)
    assert (found["format"], found["version"]) == ("memnet-comparison", 1)
    assert (data["name"], data["split"], data["n"], data["synthetic"]) == (
        "set 1",
        None,
        375,
        False,
    )
    assert data["consistency"]["rho"] == pytest.approx(0.534, abs=0.01)
    assert (cell["crops"], cell["seen"], found["models"][0]["weights_sha256"]) == (None, None, None)
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["rho"]) == expected
    assert float(row["least"]) == min(cell["scores"])
    assert row["seen"] == ""


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figure_is_drawn_and_is_the_same_each_time(
    shared: Path, suffix: str, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        assert main([*arguments(1), "--figure", str(path), "--samples", "20"]) == 0
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert paths[0].read_bytes().startswith(start)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_images_without_a_score_are_named_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.csv").write_text("name,score\na.jpg,0.3\nb.jpg,0.5\nc.jpg,0.7\nd.jpg,0.9\n")
    (tmp_path / "theirs.csv").write_text("image,score\na.jpg,1\nc.jpg,3\nd.jpg,2\nb.jpg,\n")
    given = ["--model", f"csv:{tmp_path}/theirs.csv", "--data", f"csv:{tmp_path}/truth.csv"]
    assert main(["evaluate", *given]) == 0
    shown = capsys.readouterr().out
    assert "1 of 4 images are left out for every model: b.jpg (has no score by theirs)" in " ".join(
        shown.split()
    )
    assert "Spearman's rho 0.500" in shown
    assert "3 images are too few" in shown


def test_constant_scores_are_undefined_and_not_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{at}.jpg,{0.5 + at / 100}\n" for at in range(40))
    (tmp_path / "truth.csv").write_text(f"name,score\n{rows}")
    flat = "".join(f"{at}.jpg,0.7\n" for at in range(40))
    (tmp_path / "flat.csv").write_text(f"name,score\n{flat}")
    given = ["--model", f"csv:{tmp_path}/flat.csv", "--data", f"csv:{tmp_path}/truth.csv"]
    assert main(["evaluate", *given, "--json", str(tmp_path / "c.json")]) == 0
    shown = capsys.readouterr().out
    assert "undefined" in line(shown, "rank")
    assert "the scores hardly vary" in shown
    cell = json.loads((tmp_path / "c.json").read_text())["cells"][0]
    assert cell["summary"]["correlation"]["rho"] is None


def scored(folder: Path, split: str) -> list[str]:
    """Options for a recorded model on a generated LaMem; its scores are the truth squeezed about 0.7."""
    spec = generate(folder / "lamem", "lamem", 150, seed=3).spec
    rows = [
        row.split()
        for file in (folder / "lamem" / "splits").glob("*_1.txt")
        for row in file.read_text().splitlines()
    ]
    generator = np.random.default_rng(0)
    text = "".join(
        f"{name},{0.7 + 0.1 * (float(score) - 0.75) + 0.005 * generator.standard_normal():.6f}\n"
        for name, score in rows
    )
    (folder / "narrow.csv").write_text(f"name,score\n{text}")
    return ["--model", f"csv:{folder}/narrow.csv", "--data", spec, "--split", split]


def test_calibration_is_fitted_on_validation_and_applied_to_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = scored(tmp_path, "val_1")
    file = tmp_path / "calibration.json"
    assert main(["evaluate", *given, "--save-calibration", f"linear:{file}"]) == 0
    assert load_calibration(file).fitted_on == "LaMem val_1, 20 images, synthetic"
    capsys.readouterr()
    assert (
        main(["evaluate", *given, "--calibration", str(file), "--json", str(tmp_path / "v.json")])
        == 0
    )
    shown = " ".join(capsys.readouterr().out.split())
    assert "calibrated on these very images (LaMem val_1, 20 images" in shown
    summary = json.loads((tmp_path / "v.json").read_text())["cells"][0]["summary"]
    assert summary["regression"]["calibration_slope"] == pytest.approx(1, abs=1e-6)
    test = [*given[:-1], "test_1", "--samples", "0"]
    assert main(["evaluate", *test, "--json", str(tmp_path / "raw.json")]) == 0
    assert (
        main(
            [
                "evaluate",
                *test,
                "--json",
                str(tmp_path / "fit.json"),
                "--calibration",
                f"narrow={file}",
            ]
        )
        == 0
    )
    assert "calibrated on these" not in " ".join(capsys.readouterr().out.split())
    raw, fitted = (
        json.loads((tmp_path / name).read_text())["cells"][0]["summary"]
        for name in ("raw.json", "fit.json")
    )
    assert raw["correlation"]["rho"] == fitted["correlation"]["rho"]
    assert fitted["errors"]["mse"] < raw["errors"]["mse"] / 2


def test_calibration_on_another_split_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Images of val_1 are in test_2, but none in test_1."""
    file = tmp_path / "calibration.json"
    given = scored(tmp_path, "val_1")
    assert main(["evaluate", *given, "--save-calibration", f"linear:{file}"]) == 0
    for split, said in (("test_1", False), ("test_2", True), ("full", True)):
        capsys.readouterr()
        asked = [*given[:-1], split, "--calibration", str(file), "--samples", "0"]
        assert main(["evaluate", *asked]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert ("calibrated on another split, which shares images with this" in shown) == said


def test_calibration_on_a_test_split_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = scored(tmp_path, "test_1")
    assert main(["evaluate", *given, "--save-calibration", f"linear:{tmp_path}/c.json"]) == 2
    assert "fitted on a validation split, found 'test_1'" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()


CSV = "csv:{folder}/scores.csv"


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (["--model", "none.pt", "--data", CSV], "none.pt: there is no such model"),
        (["--model", "csv:none.csv", "--data", CSV], "none.csv: there is no such file of scores"),
        (["--model", "memnet", "--data", CSV], "MemNet's weights are not shipped"),
        (["--model", CSV, "--data", "csv:none.csv"], "none.csv: cannot be read"),
        (["--model", f"{CSV}#other", "--data", CSV], "has no column 'other'"),
        (["--model", CSV, "--data", f"{CSV}#hits=score"], "needs misses=COLUMN or responses="),
        (["--model", CSV, "--data", f"{CSV}#truth=score"], "'truth=score' names no column"),
        (["--model", CSV, "--data", CSV, "--data", CSV], "two data sets are called 'scores'"),
        (["--model", CSV, "--model", CSV, "--data", CSV], "two models are called 'scores'"),
        (["--model", CSV, "--data", CSV, "--split", "all"], "none of the data has splits"),
        (["--model", CSV, "--data", CSV, "--seen", "x=LaMem"], "no model is called 'x'"),
        (["--model", CSV, "--data", CSV, "--calibration", "no.json"], "no.json: cannot be read"),
        (["--model", CSV, "--data", CSV, "--figure", "a.gif"], "a figure is .png, .svg, .pdf"),
        (["--model", CSV, "--data", CSV, "--json", "no/c.json"], "the folder no does not exist"),
        (
            ["--model", CSV, "--data", CSV, "--save-calibration", "x:y"],
            "not linear:FILE or quantile",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(
    given: list[str], match: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{at}.jpg,{at / 50}\n" for at in range(40))
    (tmp_path / "scores.csv").write_text(f"name,score\n{rows}")
    options = [text.replace("{folder}", str(tmp_path)) for text in given]
    assert main(["evaluate", "--samples", "0", *options]) == 2
    told = capsys.readouterr().err
    assert match in told
    assert told.count("\n") == 1


def test_nan_scores_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("name,score\na,0.5\nb,0.6\n")
    (tmp_path / "s.csv").write_text("name,score\na,0.5\nb,nan\n")
    assert (
        main(["evaluate", "--model", f"csv:{tmp_path}/s.csv", "--data", f"csv:{tmp_path}/t.csv"])
        == 2
    )
    assert "s: 1 scores are NaN or infinite, the first of b" in capsys.readouterr().err


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom memnet.cli import main\n"
        "try: main(['evaluate', '--help'])\nexcept SystemExit: pass\n"
        "print({'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
    assert "csv:FILE#hits=C,misses=C" in done.stdout


def test_recorded_scores_need_no_torch(shared: Path) -> None:
    code = (
        f"import sys\nfrom memnet.cli import main\nmain({[*arguments(1), '--samples', '0']!r})\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
