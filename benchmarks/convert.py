"""Speed and memory of converting MemNet's 227 MB V1 file: `python benchmarks/convert.py [--runs 7] [--folder DIR]`.

The example's file is written to a temporary folder (600 MB free are needed there). Everything is measured as a user
meets it, from process start to exit, with a warm file cache; runs of the command and of `cp` take turns, and the least
of each counts, since noise only adds. A table is printed with the limits; a figure beyond its limit is marked, and the
exit code stays 0, for timings on a busy machine prove nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = (
    sys.executable,
    "-c",
    "from memnet.commands.convert import main; raise SystemExit(main())",
)
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes

LOAD = """
import json, resource, sys, time
import torch
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
def resting():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return peak()
before, start = resting(), time.perf_counter()
import converter
module = converter.load(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps([seconds, peak() - before]))
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One process: seconds from start to exit, peak resident bytes, and what it printed."""

    seconds: float
    peak: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table; measured and limit have the same unit."""

    what: str
    measured: float
    limit: float
    unit: str
    how: str


def run(command: Sequence[str]) -> Run:
    """Run a command to its end. Raises SystemExit with its output where it fails."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{text}")
    return Run(seconds=seconds, peak=usage.ru_maxrss * RSS_UNIT, output=text)


def measure(folder: Path, runs: int) -> list[Row]:
    """Write the example and measure everything on it."""
    from memnet.example import write_example

    model, text, mean = map(str, write_example(folder / "example"))
    out = folder / "out"
    convert = (*COMMAND, model, "--prototxt", text, "--mean", mean, "-o", str(out))
    jobs: dict[str, Callable[[], Run]] = {
        "cp": lambda: run(("cp", model, str(folder / "copy"))),
        "convert": lambda: run(convert),
        "embedded": lambda: run((*COMMAND, model, "-o", str(out))),
        "help": lambda: run((*COMMAND, "--help")),
        "inspect": lambda: run((*COMMAND, model, "--inspect")),
        "load": lambda: run((sys.executable, "-c", LOAD.replace("UNIT", str(RSS_UNIT)), model)),
    }
    found: dict[str, list[Run]] = {name: [] for name in jobs}
    for turn in range(runs + 1):
        for name, job in jobs.items():
            result = job()
            clear(folder)
            if turn:  # the first turn warms the cache
                found[name].append(result)
    return rows(found, Path(model).stat().st_size)


def clear(folder: Path) -> None:
    """Remove what a run wrote, so that each writes anew."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "copy").unlink(missing_ok=True)


def rows(found: dict[str, list[Run]], size: int) -> list[Row]:
    """Return the table's lines."""
    least = {name: min(result.seconds for result in results) for name, results in found.items()}
    peak = {name: max(result.peak for result in results) / 1e6 for name, results in found.items()}
    loads = [json.loads(result.output) for result in found["load"]]
    limit = 2.5 * least["cp"] + 0.35
    how = f"2.5 x cp ({least['cp']:.3f} s) + 0.35 s"
    return [
        Row(
            what="convert, whole command", measured=least["convert"], limit=limit, unit="s", how=how
        ),
        Row(
            what="convert, net inside the file",
            measured=least["embedded"],
            limit=limit,
            unit="s",
            how=how,
        ),
        Row(
            what="convert, peak memory",
            measured=peak["convert"],
            limit=90,
            unit="MB",
            how="resident",
        ),
        Row(what="--help", measured=least["help"], limit=0.35, unit="s", how=""),
        Row(what="--inspect", measured=least["inspect"], limit=0.35, unit="s", how=""),
        Row(
            what="converter.load",
            measured=min(seconds for seconds, _ in loads),
            limit=0.25,
            unit="s",
            how="beyond import torch",
        ),
        Row(
            what="converter.load, peak memory",
            measured=max(grown for _, grown in loads) / 1e6,
            limit=1.1 * size / 1e6 + 15,
            unit="MB",
            how="beyond import torch; 1.1 x weights + 15 MB",
        ),
    ]


def table(lines: Sequence[Row]) -> str:
    """Return the table as text."""
    shown = [f"{'':<30}{'measured':>12}{'limit':>12}"]
    for line in lines:
        digits = 3 if line.unit == "s" else 1
        mark = "" if line.measured <= line.limit else "  BEYOND THE LIMIT"
        shown.append(
            f"{line.what:<30}{line.measured:>9.{digits}f} {line.unit:<2}{line.limit:>9.{digits}f} {line.unit:<2}"
            f"  {line.how}{mark}".rstrip()
        )
    return "\n".join(shown)


def main() -> int:
    """Measure and print; always 0 where the commands work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--runs", type=int, default=7, help="timed runs of each, after one to warm up"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work (default: the system's temporary folder)"
    )
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(table(measure(Path(folder), max(1, options.runs))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
