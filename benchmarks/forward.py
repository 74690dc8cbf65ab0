"""Speed of MemNet's forward: `python benchmarks/forward.py [--threads 2] [--runs 15] [--model FILE]`.

The plain module as it is converted, its fast path (memnet/networks/fast.py) and OpenCV 4's dnn, float32, on the same
arrays and with the same number of threads. They take turns, and the least of each counts, since noise only adds. What
the machine can do is measured in between: a product of two 2048 x 2048 matrices by three libraries, the fastest of
which is called sgemm's peak. A table is printed with the limits; a figure beyond its limit is marked, and the exit
code stays 0, for timings on a busy machine prove nothing. Without a model the example's is written to a temporary
folder (227 MB).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BATCHES = (1, 10)
SIDE = 2048  # of the matrices
PAUSE = 0.02  # seconds, in which another library's idle threads stop spinning
LIMITS = {"plain": 0.75, "opencv": 0.55}  # of fast over these, at batch 10

Job = Callable[[], object]


def operations() -> int:
    """Return the floating point operations of one image in convolutions and inner products: two for each product."""
    from memnet.topology import deploy_net

    total = 0
    for step in deploy_net().steps:
        if step.blobs:
            places = prod(step.tops[0][2:])
            total += 2 * places * prod(step.blobs[0].shape)
    return total


def forwards(model: Path, text: Path, batch: int, threads: int) -> dict[str, Job]:
    """Return name -> one forward of `batch` images."""
    import cv2
    import torch

    import memnet
    from memnet.networks.fast import best

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    images = np.random.default_rng(batch).normal(0, 60, (batch, 3, 227, 227)).astype(np.float32)
    plain = memnet.load(model)
    fast = best(plain)
    net = cv2.dnn.readNetFromCaffe(str(text), str(model))
    tensor = torch.from_numpy(images)

    def run(module: torch.nn.Module) -> np.ndarray:
        with torch.inference_mode():
            return module(tensor).numpy()

    def opencv() -> np.ndarray:
        net.setInput(images)
        return net.forward()

    jobs: dict[str, Job] = {
        "plain": lambda: run(plain),
        "fast": lambda: run(fast),
        "opencv": opencv,
    }
    check({name: job() for name, job in jobs.items()}, fast is plain)
    return jobs


def check(found: dict[str, object], same: bool) -> None:
    """Stop where the three do not compute the same, and say where there is no fast path."""
    if same:
        print("the fast path is not used here; the plain module is measured twice")
    for name, scores in found.items():
        np.testing.assert_allclose(scores, found["plain"], atol=1e-4, err_msg=name)


def products() -> dict[str, Job]:
    """Return name -> one product of two square matrices in float32."""
    import torch

    generator = np.random.default_rng(0)
    left, right = generator.standard_normal((2, SIDE, SIDE), np.float32)
    first, second = torch.from_numpy(left), torch.from_numpy(right)
    last = torch.channels_last
    image = first.view(1, SIDE, SIDE // 32, 32).contiguous(memory_format=last)
    kernel = second.view(SIDE, SIDE, 1, 1).contiguous(memory_format=last)
    return {
        "numpy": lambda: left @ right,
        "torch.mm": lambda: first @ second,
        "oneDNN, as a 1 x 1 convolution": lambda: torch.nn.functional.conv2d(image, kernel),
    }


def least(jobs: dict[str, Job], runs: int) -> dict[str, float]:
    """Return the least seconds of each job; the jobs take turns."""
    import torch

    found = dict.fromkeys(jobs, float("inf"))
    with torch.inference_mode():
        for turn in range(runs + 1):
            for name, job in jobs.items():
                time.sleep(PAUSE)
                start = time.perf_counter()
                job()
                if turn:  # the first turn warms up
                    found[name] = min(found[name], time.perf_counter() - start)
    return found


def print_table(seconds: dict[int, dict[str, float]], sgemm: dict[str, float]) -> None:
    """Print times, ratios with their limits, and shares of the peak."""
    rates = {name: 2 * SIDE**3 / each / 1e9 for name, each in sgemm.items()}
    peak = max(rates.values())
    for name, rate in rates.items():
        print(f"sgemm {SIDE} x {SIDE}, {name:<31}{rate:8.0f} GFLOP/s")
    print(f"\n{'':<10}{'batch':>6}{'ms':>10}{'GFLOP/s':>10}{'of peak':>9}")
    for batch, found in seconds.items():
        for name, each in found.items():
            rate = batch * operations() / each / 1e9
            print(f"{name:<10}{batch:>6}{each * 1e3:>10.2f}{rate:>10.0f}{rate / peak:>9.2f}")
    print()
    for batch, found in seconds.items():
        for name in LIMITS:
            print_ratio(batch, name, found["fast"] / found[name])


def print_ratio(batch: int, name: str, ratio: float) -> None:
    """Print how long the fast path takes of another's time; batch 10 has a limit."""
    limit = LIMITS[name] if batch == 10 else None
    mark = "" if limit is None or ratio <= limit else "  BEYOND THE LIMIT"
    shown = "" if limit is None else f"  limit {limit:.2f}"
    print(f"fast / {name:<8} batch {batch:>2}{ratio:>8.2f}{shown}{mark}")


def main() -> int:
    """Measure and print; always 0 where the three agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=15, help="timed runs of each, after one")
    parser.add_argument("--model", type=Path, help="a MemNet caffemodel (default: the example)")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from memnet.example import write_example
    from memnet.topology import PROTOTXT

    with tempfile.TemporaryDirectory() as folder:
        model = options.model or write_example(folder)[0]
        found = {}
        for batch in BATCHES:
            jobs = forwards(model, PROTOTXT, batch, options.threads) | products()
            found[batch] = least(jobs, options.runs)
    names = products().keys()
    sgemm = {name: min(each[name] for each in found.values()) for name in names}
    rest = {
        batch: {name: s for name, s in each.items() if name not in names}
        for batch, each in found.items()
    }
    print(f"{options.threads} threads, least of {options.runs} runs")
    print_table(rest, sgemm)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
