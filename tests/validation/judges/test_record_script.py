"""The script that `parity-check record` prints: its syntax for Python 2.7 and 3, and its logic beside a stand-in."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
from conftest import ROOT

from converter.compare import relative_difference
from validation.cli import main
from validation.judges.record import script
from validation.judges.recording import load_recording

STANDIN = Path(__file__).with_name("standin")


def find_python2() -> str | None:
    """The Python 2.7 that PYTHON2 names, or that is on the path and starts."""
    for name in filter(None, (os.environ.get("PYTHON2"), shutil.which("python2.7"))):
        code = "import sys; sys.exit(sys.version_info[:2] != (2, 7))"
        if subprocess.run([name, "-c", code], capture_output=True, check=False).returncode == 0:
            return name
    return None


PYTHON2 = find_python2()
ONLY_3 = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.Nonlocal,
    ast.AsyncFunctionDef,
    ast.AsyncFor,
    ast.AsyncWith,
)
ONLY_3 += (
    ast.Await,
    ast.YieldFrom,
    ast.NamedExpr,
    ast.Starred,
    ast.Match,
    ast.MatMult,
    ast.TryStar,
)


def is_only_3(node: ast.AST) -> bool:
    """Whether Python 2.7 has no such syntax; calls with `*args` are, and one star at the end of a call 2.7 has."""
    if isinstance(node, ast.arguments):
        return bool(node.kwonlyargs or node.posonlyargs) or any(
            one.annotation for one in [*node.args, node.vararg, node.kwarg] if one is not None
        )
    if isinstance(node, ast.FunctionDef):
        return node.returns is not None
    if isinstance(node, ast.ClassDef):
        return bool(node.keywords)
    if isinstance(node, ast.Raise):
        return node.cause is not None
    if isinstance(node, ast.Dict):
        return None in node.keys
    return isinstance(node, ONLY_3)


def stars_in_the_middle(node: ast.AST) -> bool:
    """Whether a call has more than one `*args`, or anything after it."""
    if not isinstance(node, ast.Call):
        return False
    starred = [isinstance(one, ast.Starred) for one in node.args]
    return any(starred[:-1]) or (any(starred) and any(key.arg for key in node.keywords))


def python2_refuses(text: str) -> list[str]:
    tree = ast.parse(text)
    allowed = {node.args[-1] for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args}
    refused = [
        node
        for node in ast.walk(tree)
        if (is_only_3(node) and node not in allowed) or stars_in_the_middle(node)
    ]
    return [ast.unparse(node)[:60] for node in refused]


@pytest.mark.parametrize(
    "text",
    [
        "f'{x}'",
        "x: int = 1",
        "def f(*, a): pass",
        "def f(a: int): pass",
        "def f() -> int: pass",
        "raise A from b",
        "f(*a, *b)",
        "f(*a, b=1)",
        "[*a]",
        "{**a}",
        "a @ b",
        "(a := 1)",
        "def f():\n  def g():\n    nonlocal x",
        "class A(metaclass=B): pass",
    ],
)
def test_syntax_of_3_alone_is_seen(text: str) -> None:
    assert python2_refuses(text)


def test_script_has_no_syntax_that_2_lacks() -> None:
    text = script()
    assert python2_refuses(text) == []
    assert text.isascii()
    assert "from __future__ import absolute_import, division, print_function" in text


def test_script_needs_pycaffe_and_numpy_alone() -> None:
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(ast.parse(script()))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert imported - set(sys.stdlib_module_names) == {
        "numpy",
        "caffe",
        "skimage",
    }  # caffe.io needs it itself


@pytest.mark.skipif(PYTHON2 is None, reason="no python2.7; name one in PYTHON2")
def test_script_compiles_under_2(tmp_path: Path) -> None:
    path = tmp_path / "record.py"
    path.write_text(script())
    subprocess.run([str(PYTHON2), "-m", "py_compile", str(path)], check=True)


def has_numpy(python: str) -> bool:
    done = subprocess.run([python, "-c", "import numpy"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(params=["3", "2"])
def python(request: pytest.FixtureRequest) -> str:
    if request.param == "3":
        return sys.executable
    if PYTHON2 is None or not has_numpy(PYTHON2):
        pytest.skip("no python2.7 with NumPy; name one in PYTHON2")
    return PYTHON2


def run(python: str, folder: Path, *arguments: str, old: bool = False) -> Path:
    """Run the printed script beside the stand-in and return the recording."""
    if not (folder / "record.py").is_file():
        assert main(["record", "-o", str(folder / "record.py")]) == 0
    before = os.environ.get("PYTHONPATH", "") if python != sys.executable else ""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(STANDIN), before])),
        "STANDIN_PYTHON": sys.executable,
        "STANDIN_PATH": str(ROOT),
        "STANDIN_OLD": "1" if old else "",
    }
    command = [python, "record.py", *arguments, "-o", "recorded.npz"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "recorded.npz"


@pytest.fixture(scope="module")
def thin(shared: Path) -> Path:
    return shared / "goldens/nets/memnet_thin"


def files(thin: Path) -> list[str]:
    return [str(thin / "net.prototxt"), str(thin / "net.caffemodel")]


@pytest.mark.parametrize("old", [False, True])
def test_inputs_are_recorded_as_caffe_was(
    thin: Path, tmp_path: Path, python: str, old: bool
) -> None:
    arguments = [*files(thin), "--inputs", str(thin / "blobs.npz")]
    found = load_recording(run(python, tmp_path, *arguments, old=old))
    with np.load(thin / "blobs.npz") as caffe:
        expected = {name[4:]: caffe[name] for name in caffe.files if name.startswith("out/")}
        assert np.array_equal(found.inputs["data"], caffe["in/data"])
    assert found.outputs.keys() == expected.keys()
    for blob, array in expected.items():
        assert relative_difference(found.outputs[blob], array) < 1e-5


def test_what_was_run_is_told(thin: Path, tmp_path: Path, python: str) -> None:
    about = load_recording(run(python, tmp_path, *files(thin))).about
    digest = hashlib.sha256((thin / "net.caffemodel").read_bytes()).hexdigest()
    assert about["sha256"]["model"] == digest
    assert about["caffe"] == "1.0.0"
    assert about["python"].startswith("3" if python == sys.executable else "2.7")
    assert about["outputs"] == ["fc8-euclidean"]
    assert about["format"] == "caffe-recording"


def test_noise_is_seeded_and_small(thin: Path, tmp_path: Path) -> None:
    first = load_recording(run(sys.executable, tmp_path, *files(thin))).inputs["data"]
    again = load_recording(run(sys.executable, tmp_path, *files(thin))).inputs["data"]
    assert first.shape == (2, 3, 227, 227)
    assert np.array_equal(first, again)


def test_pictures_are_fed_as_caffe_was(thin: Path, tmp_path: Path, python: str) -> None:
    """`ten_crops` is checked equal to caffe.io.oversample, whose scores real Caffe recorded for these pictures."""
    names = []
    for at, image in enumerate(rule.images()[:2]):
        names.append(str(tmp_path / f"{at}.npy"))
        np.save(names[-1], image)
    np.save(tmp_path / "mean.npy", rule.mean_bgr())
    arguments = [*files(thin), "--images", *names, "--crops", "center,ten"]
    arguments += ["--mean", "mean.npy", "--keep", "1"]
    path = run(python, tmp_path, *arguments)
    with np.load(path) as found:
        assert list(found["images/names"]) == names
        assert found["crops/ten"].shape == (1, 10, 3, 227, 227)
        for at, image in enumerate(rule.images()[:1]):
            expected = rule.ten_crops(image)
            assert np.abs(found["crops/ten"][at] - expected).max() < 1e-4
            assert np.abs(found["crops/center"][at] - expected[4]).max() < 1e-4
        assert found["scores/ten"].shape == (2, 10)
        assert np.allclose(found["scores/ten"][:, 4], found["scores/center"], rtol=1e-6)
        fed = found["in/data"]
        assert fed.shape == (11, 3, 227, 227)
        assert found["out/fc8-euclidean"].shape == (11, 1)
        scores = found["out/fc8-euclidean"][:, 0]
    recorded = load_recording(path)
    assert recorded.about["options"]["mean"] == "mean.npy"
    with np.load(path) as found:
        again = np.concatenate([found["scores/center"][:1], found["scores/ten"][0]])
    assert sorted(scores) == pytest.approx(sorted(again), rel=1e-6)


def test_mean_is_cut_like_the_picture_or_subtracted_from_the_crop(
    thin: Path, tmp_path: Path
) -> None:
    image = rule.images()[0]
    np.save(tmp_path / "0.npy", image)
    text = script(mean="104,117,123", raw_scale=1.0, swap="")
    (tmp_path / "record.py").write_text(text)
    arguments = [*files(thin), "--images", "0.npy", "--input-scale", "2"]
    with np.load(run(sys.executable, tmp_path, *arguments)) as found:
        part = image[14:241, 14:241].transpose(2, 0, 1) / np.float32(255)
        expected = 2 * (part - np.array([104.0, 117.0, 123.0]).reshape(3, 1, 1))
        assert np.abs(found["crops/center"][0] - expected).max() < 1e-4


def test_recording_is_a_judge(
    thin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run(sys.executable, tmp_path, *files(thin))
    assert (
        main([files(thin)[1], "--prototxt", files(thin)[0], "--against", str(path), "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert len(report["blobs"]) == 13
    assert "recorded.npz: recorded by Caffe 1.0.0" in report["notes"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--crops", "five"], "--crops takes center, ten"),
        (["--images", "none"], "^none: no such file"),
        (["--inputs", "none.npz"], "^none.npz: no such file"),
        (
            ["--images", "0.npy", "--mean", "none.npy"],
            "^--mean takes a file .* found none.npy",
        ),
        (
            ["--images", "0.npy", "--mean", "104,117"],
            "^--mean has 2 numbers, the net takes 3 channels",
        ),
        (["--images", "0.npy", "--resize", "big"], "^--resize takes numbers .* found big"),
        (["--images", "0.npy", "--swap", "0,1"], "^--swap takes 0, 1 and 2 in some order"),
        (["--images", "other.npz"], "^other.npz: cannot be read as a picture"),
        (["--inputs", "other.npz"], "no array for input data; it has x"),
        (["--images", "0.npy", "--mean", "bad.npy"], "the mean has shape"),
        (["--images", "small.npy"], "give --resize"),
    ],
)
def test_mistake_is_told_in_one_line(
    thin: Path, tmp_path: Path, arguments: list[str], match: str
) -> None:
    np.savez(tmp_path / "other.npz", x=np.zeros(1))
    np.save(tmp_path / "0.npy", rule.images()[0])
    np.save(tmp_path / "small.npy", rule.images()[0][:100, :100])
    np.save(tmp_path / "bad.npy", np.zeros((3, 9, 9)))
    with pytest.raises(AssertionError, match=match):
        run(sys.executable, tmp_path, *files(thin), *arguments)


def test_without_caffe_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "record.py").write_text(script())
    (tmp_path / "caffe.py").write_text("raise ImportError('libcaffe.so.1.0.0: cannot open')\n")
    done = subprocess.run(
        [sys.executable, "record.py", "x"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.strip() == "cannot import caffe: libcaffe.so.1.0.0: cannot open"
