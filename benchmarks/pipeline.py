"""JPEG files to scores: `python benchmarks/pipeline.py [--images 1000] [--runs 3] [--workers N] [--model FILE]`.

The pipeline of `memnet predict` (memnet/runs/stream.py) runs over a folder of seeded 512 x 384 JPEGs, with one crop and
with ten; the best of the runs counts. Before and after each run, the core-seconds that one image needs are measured,
each stage by itself: decoding, resizing and cropping, the network. Their sum bounds the rate: cores / sum. It is taken
twice: the least that one thread needed while the other cores rested, and the median of all cores at that stage at once,
for cores that share caches and memory, or a host with others, are slower together. The first is the target's; what the
pipeline itself loses is seen in the second. A rate below 0.9 of the bound is marked, and the exit code stays 0, for
timings on a busy machine prove nothing. How much of the cores the process got is printed, too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from memnet.network import Network

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 0.9  # of cores / sum
SIZE = (384, 512)
STAGE_IMAGES = 40  # on which the stages are measured
REPEATS = 5


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One run of the pipeline: images a second, and how many cores' time it got."""

    images: float
    cores: float


def write_pictures(folder: Path, count: int) -> list[Path]:
    """Write JPEGs with the 1/f spectrum of photographs, which costs a decoder what photographs cost it."""
    from PIL import Image

    generator = np.random.default_rng(227)
    clouds = [cloud(generator) for _ in range(8)]
    paths = []
    for index in range(count):
        moved = np.roll(clouds[index % 8], (7 * index, 11 * index), axis=(0, 1))
        paths.append(folder / f"{index:05}.jpg")
        Image.fromarray(moved).save(paths[-1], quality=90)
    return paths


def cloud(generator: np.random.Generator) -> np.ndarray:
    """Return (height, width, 3) uint8: noise of amplitude 1/f in three correlated channels."""
    rows, columns = (np.fft.fftfreq(size) for size in SIZE)
    amplitude = 1 / np.maximum(np.hypot(rows[:, None], columns[None]), 1 / max(SIZE))
    noise = np.fft.fft2(generator.standard_normal((3, *SIZE))) * amplitude
    planes = np.fft.ifft2(noise).real
    planes /= planes.std()
    mixed = 0.9 * planes[:1] + 0.44 * planes
    return np.clip(118 + 50 * mixed, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def core_seconds(work: Callable[[], object]) -> list[float]:
    """Return the processor time of some calls, in this thread alone."""
    took = []
    for _ in range(REPEATS):
        start = time.thread_time()
        work()
        took.append(time.thread_time() - start)
    return took


@dataclass(frozen=True)
class Stages:
    """What each stage took for one image, in core-seconds: one call after another."""

    alone: dict[str, list[float]]
    """One thread at work."""
    together: dict[str, list[float]]
    """All of them."""

    def measure(self, network: Network, paths: Sequence[Path], workers: int) -> None:
        """Add a few calls of each stage, the network on batches as the pipeline makes them."""
        from memnet.images import read_image
        from memnet.runs.torch_threads import one_thread_each

        paths = paths[:STAGE_IMAGES]
        pictures = [read_image(path) for path in paths]
        fed = [network.fed(picture) for picture in pictures[: network.pictures_at_once]]
        works: dict[str, tuple[Callable[[], object], int]] = {
            "decode": (lambda: [read_image(path) for path in paths], len(paths)),
            "resize": (lambda: [network.fed(each) for each in pictures], len(pictures)),
            "network": (lambda: network.run(fed), len(fed)),
        }
        with one_thread_each(), ThreadPoolExecutor(workers) as pool:
            for name, (work, count) in works.items():
                work()
                self.alone.setdefault(name, []).extend(took / count for took in core_seconds(work))
                for one in pool.map(lambda _, work=work: core_seconds(work), range(workers)):
                    self.together.setdefault(name, []).extend(took / count for took in one)


def pipeline(network: Network, paths: Sequence[Path], workers: int) -> Rate:
    """Score all files once."""
    from memnet.runs.ordered import slices
    from memnet.runs.stream import score_groups

    groups = slices(((str(path), path) for path in paths), network.pictures_at_once)
    start, used = time.perf_counter(), time.process_time()
    rows = [row for group in score_groups(network, groups, workers=workers) for row in group]
    seconds, used = time.perf_counter() - start, time.process_time() - used
    broken = [row.error for row in rows if row.error is not None]
    if broken or len(rows) != len(paths):
        raise SystemExit(f"{len(rows)} rows for {len(paths)} files; errors: {broken[:3]}")
    return Rate(images=len(paths) / seconds, cores=used / seconds)


def print_rates(crops: str, stages: Stages, rates: Sequence[Rate], workers: int) -> None:
    """Print the best run and what the stages allow."""
    best = max(rates, key=lambda rate: rate.images)
    print(
        f"{crops:<7} {best.images:.1f} images/s; the process got {best.cores:.2f} of {workers} cores"
    )
    least = {name: min(took) for name, took in stages.alone.items()}
    usual = {name: median(took) for name, took in stages.together.items()}
    for how, cost in (("least, one core at work", least), ("median, all at work", usual)):
        total = sum(cost.values())
        share = best.images * total / workers
        parts = ", ".join(f"{name} {1e3 * seconds:.2f}" for name, seconds in cost.items())
        mark = "" if share >= LIMIT else "  BELOW"
        print(f"{'':<7} core-ms an image ({how}): {parts}; together {1e3 * total:.2f}")
        print(
            f"{'':<9} the cores allow {workers / total:.1f}: {share:.2f} of it (target {LIMIT}){mark}"
        )


def main() -> int:
    """Measure and print; always 0 where everything is scored."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=1000, help="files; a tenth for ten crops")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, help="threads (default: the cores)")
    parser.add_argument("--model", type=Path, help="a MemNet caffemodel (default: the example)")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from memnet.runs.memory import keep_freed_memory
    from memnet.runs.ordered import usable_cpus

    keep_freed_memory()  # as the command does

    workers = options.workers or usable_cpus()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.model, workers, options)
    return 0


def measure(folder: Path, model: Path | None, workers: int, options: argparse.Namespace) -> None:
    """Write what is needed, run, and print."""
    from memnet import load
    from memnet.example import mean_bytes, write_example
    from memnet.network import Network
    from memnet.preprocessing import preprocessing

    paths = write_pictures(folder, options.images)
    mean = folder / "mean.binaryproto"
    mean.write_bytes(mean_bytes())
    net, rule = load(model or write_example(folder)[0]), preprocessing(mean)
    for crops, files in (("center", paths), ("ten", paths[: max(1, options.images // 10)])):
        network = Network(model=net, rule=rule, crops=crops, fast=True)
        stages, rates = Stages({}, {}), []
        stages.measure(network, paths, workers)
        for _ in range(options.runs):
            rates.append(pipeline(network, files, workers))
            stages.measure(network, paths, workers)
        print_rates(crops, stages, rates, workers)


if __name__ == "__main__":
    raise SystemExit(main())
