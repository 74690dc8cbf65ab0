"""`memnet predict` as a process: constant memory, a real interrupt, and Ray with two model processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from natural_images import natural_images
from PIL import Image

RSS_GROWTH = 1.05
"""Peak memory over 2,000 images, over that over 200: what grows is the list of names and rows, some 100 bytes each."""

PEAK = """\
import sys
from memnet.cli import main
code = main(sys.argv[1:])
held = dict(line.split(":") for line in open("/proc/self/status"))
print("peak", held["VmHWM"].split()[0])
raise SystemExit(code)
"""
"""ru_maxrss would begin with the peak of the process that started this one."""
INTERRUPTED = """\
import os, signal, sys
from memnet.cli import main
from memnet.runs import stream
name, read = sys.argv.pop(1), stream.read_image
def reading(path):
    if path.name == name:
        os.kill(os.getpid(), signal.SIGINT)
    return read(path)
stream.read_image = reading
raise SystemExit(main(sys.argv[1:]))
"""
RAY = """\
import sys, ray
ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
from memnet.cli import main
raise SystemExit(main(sys.argv[1:]))
"""
DYING = """\
import sys, ray
from pathlib import Path
from memnet.runs.file_run import Manner
from memnet.runs.shard_run import run_shards
from memnet.runs.shards import Columns, plan
from tiny_choice import TinyChoice

table, out, dies = sys.argv[1:]
shards = plan([table], 3)
choice = TinyChoice(batch_size=4)
run_shards(choice, shards, out + "/plain", Columns(), manner=Manner(quiet=True))
ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
from memnet.runs import shard_run
from memnet.runs.engine import Scorer

def scorer(_choice, expected=None, **_settings):
    if expected is None:
        return Scorer(choice)
    Path(dies).touch()
    return Scorer(TinyChoice(batch_size=4, dies=dies), expected=expected)

shard_run.Scorer = scorer
tally = run_shards(choice, shards, out + "/ray", Columns(), engine="ray", manner=Manner(quiet=True))
print(tally)
"""


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return os.environ | {"PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0"}


def run(script: str, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run this script with these arguments; it must end with this exit code."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    made = []
    for image in natural_images(20, size=160):
        buffer = BytesIO()
        Image.fromarray(image).save(buffer, "JPEG")
        made.append(buffer.getvalue())
    return made


def folder_of(path: Path, jpegs: list[bytes], count: int) -> Path:
    """A folder of pictures, one of a hundred of which is broken."""
    path.mkdir()
    for index in range(count):
        data = jpegs[index % len(jpegs)]
        (path / f"{index:05d}.jpg").write_bytes(data[:200] if index % 100 == 50 else data)
    return path


@pytest.mark.slow
def test_memory_does_not_grow_with_the_images(
    full_folder: Path, tmp_path: Path, jpegs: list[bytes]
) -> None:
    """What grows with the images grows in every attempt; an allocator's luck does not."""
    folders = {count: folder_of(tmp_path / str(count), jpegs, count) for count in (200, 2000)}
    ratios = []
    for attempt in range(3):
        peaks = {}
        for count, pictures in folders.items():
            out = tmp_path / f"{count}-{attempt}.csv"
            scored = ["predict", pictures, "--model", full_folder, "--workers", 2]
            done = run(PEAK, *scored, "--out", out)
            peaks[count] = int(done.stdout.split()[-1])
            assert len(out.read_text().splitlines()) == count + 1
            assert done.stderr.count(".jpg: ") == count // 100
        ratios.append(peaks[2000] / peaks[200])
        if ratios[-1] <= RSS_GROWTH:
            break
    assert min(ratios) <= RSS_GROWTH, ratios


@pytest.mark.slow
@pytest.mark.parametrize(("at", "begun"), [("00000.jpg", False), ("00060.jpg", True)])
def test_interrupted_process_goes_on(
    full_folder: Path, tmp_path: Path, jpegs: list[bytes], at: str, begun: bool
) -> None:
    """The interrupt comes while a thread reads this picture: before the first row, or when batches are on the disk.

    With two workers at most five of 15 batches are ahead of what is written.
    """
    pictures = folder_of(tmp_path / "pictures", jpegs, 120)
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    arguments = ["predict", pictures, "--model", full_folder, "--batch-size", 8, "--workers", 2]
    stopped = run(INTERRUPTED, at, *arguments, "--out", out, code=130)
    assert "interrupted; run the same command again to go on" in stopped.stderr
    assert not out.exists()
    part = tmp_path / "out.csv.part"
    done = len(part.read_text().splitlines()) if part.exists() else 0
    assert (done > 0) is begun and done < 120
    again = run(PEAK, *arguments, "--out", out)
    assert (f"{done} of 120 images are done already" in again.stderr) is begun
    run(PEAK, *arguments, "--out", whole)
    assert out.read_bytes() == whole.read_bytes()


@pytest.fixture
def table(tmp_path: Path, jpegs: list[bytes]) -> Path:
    path = tmp_path / "images.parquet"
    blobs = [*jpegs[:11], b"broken"]
    columns = {"id": [f"picture {index}" for index in range(12)], "bytes": blobs}
    pq.write_table(pa.table(columns), path, row_group_size=3)
    return path


@pytest.mark.slow
def test_ray_with_two_model_processes_gives_the_local_scores(
    full_folder: Path, table: Path, tmp_path: Path
) -> None:
    shared = ["predict", table, "--model", full_folder, "--shard-size", 3]
    run(PEAK, *shared, "--out", tmp_path / "local")
    run(RAY, *shared, "--out", tmp_path / "ray", "--engine", "ray", "--workers", 2)
    (tmp_path / "ray" / "part-000002.parquet").unlink()
    again = run(RAY, *shared, "--out", tmp_path / "ray", "--engine", "ray")
    assert "3 of 4 shards are done; going on" in again.stderr
    local, ray = (
        pa.concat_tables([pq.read_table(path) for path in sorted((tmp_path / one).glob("part-*"))])
        for one in ("local", "ray")
    )
    assert ray.drop(["score"]) == local.drop(["score"])
    assert ray["id"].to_pylist() == [f"picture {index}" for index in range(12)]
    np.testing.assert_allclose(ray["score"].to_numpy(), local["score"].to_numpy(), rtol=1e-5)
    assert json.loads((tmp_path / "ray" / "_manifest.json").read_text())["model"] == "memnet"


@pytest.mark.slow
def test_shard_of_a_worker_that_dies_is_done_by_another(table: Path, tmp_path: Path) -> None:
    done = run(DYING, table, tmp_path, tmp_path / "dies")
    assert not (tmp_path / "dies").exists()
    assert "Tally(pictures=12, errors=1)" in done.stdout
    plain, ray = (
        {path.name: path.read_bytes() for path in (tmp_path / one).glob("part-*")}
        for one in ("plain", "ray")
    )
    assert plain == ray
    assert len(ray) == 4
