"""Where the recorded cases are, and the one rule for tests that need them.

`shared` is the folder beside the checkout that holds recordings of real Caffe and real published models. A test that
asks for it is skipped with a reason where the folder is absent; with REQUIRE_SHARED set (`.ci/run` does) it fails.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# A shell starts what it puts into the background deaf to interrupts, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:  # beside one another, tests compute in one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

NEEDED = ("goldens/index.json", "models/index.json", "memorability", "schema")
LACKING = [name for name in NEEDED if not (SHARED / name).exists()]

if os.environ.get("REQUIRE_SHARED") and LACKING:
    pytest.exit(
        f"REQUIRE_SHARED is set, and {SHARED.name}/ beside the checkout lacks {', '.join(LACKING)}",
        1,
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded cases (`goldens/`, `models/`, `schema/`, `memorability/`)."""
    if not (SHARED / "goldens" / "index.json").is_file():
        pytest.skip(f"needs the recorded cases in {SHARED.name}/ beside the checkout")
    return SHARED


@pytest.fixture
def own_layers() -> Iterator[None]:
    """For a test that defines layers: forget them afterwards."""
    from converter.layer import Layer

    yield
    for name, cls in list(Layer.registry.items()):
        if not cls.__module__.startswith("converter.layers."):
            del Layer.registry[name]
    for name in [name for name in sys.modules if name.startswith("caffe_layers.")]:
        del sys.modules[name]
