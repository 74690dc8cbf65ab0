"""Speed of a net of 2,000 layers without torch: `python benchmarks/large_net.py [--layers 2000] [--runs 5]`.

The net is like a ResNet: convolutions with BatchNorm, Scale and ReLU, three to a block, and Eltwise around each block.
Every run is a process of its own that reads the prototxt, infers all shapes and renders the source; the least of the
runs counts, since noise only adds. Each row has the seconds of its stage, the last the whole process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 2.0  # seconds, of the whole

STAGES = """
import json, sys, time
marks = [time.perf_counter()]
def mark():
    marks.append(time.perf_counter())
from converter.lower import lower
from converter.net import load_net
from converter.source import to_source
mark()
net = load_net(sys.argv[1])
mark()
program = lower(net).program
mark()
source = to_source(program)
mark()
seconds = [after - before for before, after in zip(marks, marks[1:])]
heavy = sorted({"torch", "h5py", "scipy"} & sys.modules.keys())
print(json.dumps({"seconds": seconds, "layers": len(net.steps), "lines": source.count("\\n"), "heavy": heavy}))
"""
NAMES = ("import", "read, understand, shape", "lower", "render the source")


def large_net(count: int) -> str:
    """The prototxt of a net of `count` layers."""
    layers = _resnet()
    return 'name: "large"\n' + "".join(next(layers) for _ in range(count))


def _resnet() -> Iterator[str]:
    shape = "input_param { shape { dim: 1 dim: 3 dim: 224 dim: 224 } }"
    yield f'layer {{ name: "data" type: "Input" top: "data" {shape} }}\n'
    yield from _convolution("conv1", "data", 7, 64)
    block, blob = 0, "conv1"
    while True:
        block += 1
        name = f"res{block}"
        yield from _convolution(f"{name}_a", blob, 1, 64)
        yield from _convolution(f"{name}_b", f"{name}_a", 3, 64)
        yield from _convolution(f"{name}_c", f"{name}_b", 1, 64)
        yield _layer(name, "Eltwise", (blob, f"{name}_c"), name)
        yield _layer(f"{name}_relu", "ReLU", (name,), name)
        blob = name


def _convolution(name: str, bottom: str, kernel: int, outputs: int) -> Iterator[str]:
    sizes = (
        f"num_output: {outputs} kernel_size: {kernel} pad: {kernel // 2} stride: 1 bias_term: false"
    )
    yield _layer(name, "Convolution", (bottom,), name, f"convolution_param {{ {sizes} }}")
    yield _layer(
        f"bn_{name}", "BatchNorm", (name,), name, "batch_norm_param { use_global_stats: true }"
    )
    yield _layer(f"scale_{name}", "Scale", (name,), name, "scale_param { bias_term: true }")
    yield _layer(f"{name}_relu", "ReLU", (name,), name)


def _layer(name: str, kind: str, bottoms: tuple[str, ...], top: str, more: str = "") -> str:
    fields = [f'name: "{name}"', f'type: "{kind}"', *(f'bottom: "{bottom}"' for bottom in bottoms)]
    return "layer {\n  " + "\n  ".join(filter(None, [*fields, f'top: "{top}"', more])) + "\n}\n"


def run(path: Path) -> dict[str, list[float]]:
    """Run the stages once; the whole process's seconds come last. Raises CalledProcessError where it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", STAGES, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    found["seconds"].append(time.perf_counter() - start)
    return found


def main() -> int:
    """Measure and print; always 0 where the net converts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--layers", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.prototxt"
        path.write_text(large_net(options.layers))
        found = [run(path) for _ in range(max(1, options.runs))]
        size = path.stat().st_size
    print(
        f"{found[0]['layers']} layers, {size / 1e3:.0f} kB of text, {found[0]['lines']} lines of source"
    )
    print(f"loaded of torch, h5py, scipy: {', '.join(map(str, found[0]['heavy'])) or 'none'}")
    for at, name in enumerate((*NAMES, "whole process")):
        print(f"{name:<26}{min(run['seconds'][at] for run in found):>8.3f} s")
    whole = min(run["seconds"][-1] for run in found)
    print(f"{'limit':<26}{LIMIT:>8.3f} s{'' if whole <= LIMIT else '  BEYOND THE LIMIT'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
