"""Wheel and source archive: what they hold, and that the wheel works where the checkout is not."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, SHARED

THIN = SHARED / "goldens" / "nets" / "memnet_thin"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "-q",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (top,) = (name for name in names if name.endswith("top_level.txt"))
        assert archive.read(top).decode().split() == ["converter", "memnet", "protos", "validation"]
    packages = [ROOT / name for name in ("converter", "memnet", "protos", "validation")]
    data = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert data == {name for name in names if ".dist-info" not in name}
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "converter",
        "memnet",
        "protos",
        "validation",
    }


@pytest.mark.slow
def test_wheel_works_elsewhere(shared, wheel: Path, tmp_path) -> None:
    target = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "-q",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    code = (
        "import converter, sys; from memnet.commands.convert import main; "
        f"assert converter.__file__.startswith({str(target)!r}); sys.exit(main())"
    )
    arguments = [str(THIN / "net.caffemodel"), "--prototxt", str(THIN / "net.prototxt"), "--check"]
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": ""},
    )
    assert (tmp_path / "net_torch" / "model.safetensors").is_file()


@pytest.mark.slow
def test_source_archive_holds_the_whole_test_suite_and_the_docs(tmp_path) -> None:
    """It held the four files of tests/ that are called test_*, which cannot run without the others."""
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], check=True, cwd=ROOT)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    assert tests | {"docs/design.md", "CHANGELOG.md", "constraints.txt", "CITATION.cff"} <= held
