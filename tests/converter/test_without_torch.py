"""Inspecting, refusing and converting need no torch, and a net of 2,000 layers takes seconds."""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

# None in sys.modules makes an import fail, as where torch is not installed.
WITHOUT = "import sys; sys.modules['torch'] = None; from converter.cli import main; raise SystemExit(main())"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("name", ["net.prototxt", "net.caffemodel"])
def test_inspecting_needs_no_torch(shared: Path, name: str) -> None:
    done = run(shared / "goldens" / "forks" / "net_mini_ssd" / name, "--inspect")
    assert done.returncode == 0, done.stderr
    assert "DetectionOutput" in done.stdout


def test_refusing_needs_no_torch(shared: Path) -> None:
    done = run(shared / "goldens" / "invalid" / "unknown_type" / "net.prototxt")
    assert done.returncode == 2
    assert "unknown layer type 'Relu'; did you mean 'ReLU'?" in done.stderr


def test_converting_needs_no_torch(shared: Path, tmp_path: Path) -> None:
    done = run(
        shared / "goldens" / "forks" / "net_mini_ssd" / "net.caffemodel", "-o", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").is_file()


def benchmark() -> ModuleType:
    """`benchmarks/large_net.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("large_net", ROOT / "benchmarks" / "large_net.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_large_net_takes_seconds_and_no_torch(tmp_path: Path) -> None:
    """Processor time is limited: on a busy machine the clock says nothing. A processor may be five times slower."""
    module = benchmark()
    path = tmp_path / "large.prototxt"
    path.write_text(module.large_net(2000))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = module.run(path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert found["layers"] == 2000 and found["heavy"] == []
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 5 * module.LIMIT
