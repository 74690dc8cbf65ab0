"""`parity-check` as a command: formats, folders, its words `record` and `page`, mistakes, and how quick its help is."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import validation
from validation.cli import main


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


def arguments(thin: Path, *more: str) -> list[str]:
    return [str(thin / "net.caffemodel"), "--prototxt", str(thin / "net.prototxt"), *more]


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("table", "net.caffemodel: passed\n"),
        ("json", "{"),
        ("md", "#"),
        ("html", "<!doctype html>"),
    ],
)
def test_format_is_printed(
    thin: Path, form: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(thin, "--format", form)) == 0
    assert capsys.readouterr().out.lower().startswith(begins)


def test_folder_gets_the_report_and_its_page(thin: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    assert main(arguments(thin, "-o", str(out))) == 0
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "report.json"]
    report = json.loads((out / "report.json").read_text(), parse_constant=pytest.fail)
    assert (report["format"], report["version"]) == ("parity-report", 1)
    assert set(report["made_by"]) == {"convert-caffemodel", "torch", "numpy", "python"}
    assert report["cost"]["seconds"] > 0
    assert report["cost"]["peak_bytes"] > 100e6
    (norm,) = [row for row in report["blobs"] if row["blob"] == "norm1"]
    assert (norm["layer"], norm["type"], norm["depth"]) == ("norm1", "LRN", 2)
    assert norm["shape"] == [2, 12, 27, 27]
    assert {check["stage"] for check in report["checks"]} == {"weights", "network"}


def test_page_of_a_written_report(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(arguments(thin, "-o", str(tmp_path)))
    capsys.readouterr()
    assert main(["page", str(tmp_path / "report.json"), "-o", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "again" / "index.html")
    (tmp_path / "index.html").unlink()
    assert main(["page", str(tmp_path / "report.json")]) == 0
    assert (tmp_path / "index.html").is_file()


@pytest.mark.parametrize(
    ("text", "match"),
    [("{", "x.json: is not JSON"), ("[" * 99999, "is not JSON"), ("[]", "x.json: ")],
    ids=["cut off", "nested", "a list"],
)
def test_page_of_something_else_is_told(
    tmp_path: Path, text: str, match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.json").write_text(text)
    assert main(["page", str(tmp_path / "x.json")]) == 2
    assert match in capsys.readouterr().err
    assert main(["page", str(tmp_path / "absent.json")]) == 2
    assert "absent.json: No such file" in capsys.readouterr().err


def test_record_prints_a_script_with_these_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--crops", "center,ten", "--mean", "mean.npy", "--resize", "256"]) == 0
    text = capsys.readouterr().out
    line = next(line for line in text.splitlines() if line.startswith("DEFAULTS = "))
    defaults = ast.literal_eval(line.removeprefix("DEFAULTS = "))
    assert defaults == {
        "crops": "center,ten",
        "mean": "mean.npy",
        "resize": "256",
        "raw_scale": 255.0,
        "input_scale": 1.0,
        "swap": "2,1,0",
    }


def test_record_refuses_unknown_crops(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["record", "--crops", "five"])
    assert "argument --crops: takes center, ten or both" in capsys.readouterr().err


def test_both_crops_are_center_and_ten(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("name,center,ten\na.png,0.51,0.52\nb.png,0.61,0.63\n")
    given = [f"--scores={label}={tmp_path / 'scores.csv'}" for label in ("port", "original")]
    assert main([*given, "--crops", "both", "-o", str(tmp_path)]) == 0
    (table,) = json.loads((tmp_path / "report.json").read_text())["scores"]
    assert [column["crops"] for column in table["columns"]] == ["center", "ten", "center", "ten"]


def test_record_writes_a_file(tmp_path: Path) -> None:
    assert main(["record", "-o", str(tmp_path / "record.py")]) == 0
    compile((tmp_path / "record.py").read_text(), "record.py", "exec")


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (["--crops", "center,five"], "--crops has 'five'; known: center, ten, both"),
        (["--against", ","], "--against names no judge"),
        (["--images", "x", "--judged", "0"], "--judged is 0"),
        (["--scores", "port"], "--scores takes LABEL=FILE, found 'port'"),
        (["--split", "test_1"], "is given without --data"),
        (["--mean", "absent.npy"], "absent.npy"),
    ],
)
def test_mistake_is_one_line(
    thin: Path, more: list[str], match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(thin, *more)) == 2
    said = capsys.readouterr().err
    assert match in said
    assert said.count("\n") == 1


def test_no_model_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "no MODEL is given" in capsys.readouterr().err


def test_unwritable_folder_is_told(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(arguments(thin, "-o", str(tmp_path / "file"))) == 2
    found = capsys.readouterr()
    assert "file: File exists; -o takes a folder, which is made" in found.err
    assert found.out == ""  # told before anything is run


def test_report_that_cannot_be_written_is_printed(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out/report.json").mkdir(parents=True)
    assert main(arguments(thin, "-o", str(tmp_path / "out"))) == 2
    found = capsys.readouterr()
    assert "net.caffemodel: passed" in found.out
    assert "out: Is a directory" in found.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]


def test_scores_in_files_need_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{at}.jpg,{0.5 + at / 100}" for at in range(12)]
    (tmp_path / "a.csv").write_text("\n".join(["image,score", *rows]) + "\n")
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    scores = [f"port={tmp_path / 'a.csv'}", f"original={tmp_path / 'b.csv'}"]
    assert main(["--scores", scores[0], "--scores", scores[1], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "passed"


def test_difference_is_written_too(thin: Path, tmp_path: Path) -> None:
    import torch

    import converter

    port = converter.load(thin / "net.caffemodel", thin / "net.prototxt")
    with torch.no_grad():
        port.fc6.bias[3] = float("nan")
    report = validation.check_parity(thin / "net.caffemodel", thin / "net.prototxt", port=port)
    found = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert found["exit_code"] == 1
    (row,) = [row for row in found["blobs"] if row["blob"] == "fc6"]
    assert (row["relative"], row["worst"], row["port_value"]) == ("inf", [0, 3], "nan")
    assert "most at (3,): nan for" in found["checks"][0]["detail"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from validation.cli import main\n"
        "for words in (['--help'], ['record', '--help'], ['page', '--help']):\n"
        "    try:\n        main(words)\n"
        "    except SystemExit:\n        pass\n"
        "heavy = {'torch', 'numpy', 'google.protobuf', 'h5py', 'scipy', 'PIL', 'cv2', 'matplotlib'}\n"
        "assert not heavy & sys.modules.keys(), sorted(heavy & sys.modules.keys())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("examples:") == 2
    assert "exit codes: 0" in done.stdout


def test_console_without_the_characters_gets_others(thin: Path) -> None:
    command = [sys.executable, "-m", "validation", *arguments(thin, "--format", "md")]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("## Parity of net.caffemodel: ")


def test_port_that_exits_is_told(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert main(arguments(thin, "--port", str(tmp_path))) == 2
    assert "the port does not load: it exits with 0" in capsys.readouterr().err
