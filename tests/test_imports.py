"""Imports go one way, protos <- converter <- memnet <- validation, and importing the packages is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

ORDER = ("protos", "converter", "memnet", "validation")
FILES = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports, wherever in it."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*base, *filter(None, [node.module])))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_imports_no_package_that_builds_on_its_own(path: Path) -> None:
    own = ORDER.index(path.relative_to(ROOT).parts[0])
    backward = [name for name in imported(path) if name.split(".")[0] in ORDER[own + 1 :]]
    assert not backward, f"{ORDER[own]} may not import {backward}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_imports_stay_in_their_package(path: Path) -> None:
    depth = len(path.relative_to(ROOT).parts) - 1
    tree = ast.parse(path.read_text(encoding="utf-8"))
    levels = [node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert max(levels, default=0) <= depth


def test_walk_sees_imports_inside_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "converter" / "layers" / "odd.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "def f():\n    import memnet.cli\n    from ..net import Net\n    from . import relu\n"
    )
    assert list(imported(path)) == ["memnet.cli", "converter.net", "converter.layers"]


def test_importing_the_packages_loads_nothing_heavy() -> None:
    code = (
        f"import sys, {', '.join(ORDER)}\n"
        "heavy = {'torch', 'numpy', 'google.protobuf', 'h5py', 'scipy', 'PIL', 'cv2', 'safetensors'}\n"
        "assert not heavy & sys.modules.keys(), sorted(heavy & sys.modules.keys())\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("package", ORDER)
def test_all_lists_names_that_exist(package: str) -> None:
    module = __import__(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = module.absent
