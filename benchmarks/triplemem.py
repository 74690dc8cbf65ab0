"""Time of a training step: ResMem, TripleMem, TripleMem with cached maps: `python benchmarks/triplemem.py [--batch 4]`.

One step is forward, backward and SGD on a batch that is in memory, full size, the ResNet frozen as it was in the
published ResMem. The cached step looks each map up as a data loader does: it hashes the picture, reads the file and
unpacks it. Without --segmenter the segmenter is an FCN on a dilated ResNet (torchvision's `fcn_resnet101`, 13 classes)
with random weights, which take the same time as trained ones; which one the author of TripleMem had is not published.
He says "almost four times" (first post) and "about six times" (second post) of ResMem's training time, on his own
machine and data. The three take turns and the least of each counts, since noise only adds. A cached step beyond its
limit is marked, and the exit code stays 0, for timings on a busy machine prove nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from memnet.networks.triplemem import TripleMem

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CLASSES = 13
LIMIT = 1.2
BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}

Job = Callable[[], object]


def fcn(depth: int) -> torch.nn.Module:
    """Return a segmenter: a ResNet whose last two stages dilate instead of striding, and an FCN head."""
    from torch import nn

    from memnet.networks.resnet import ResNet

    resnet = ResNet(BLOCKS[depth])
    for stage, before, dilation in ((resnet.layer3, 1, 2), (resnet.layer4, 2, 4)):
        for at, block in enumerate(stage):
            step = dilation if at else before
            block.conv2.stride, block.conv2.dilation, block.conv2.padding = (
                (1, 1),
                (step,) * 2,
                (step,) * 2,
            )
            if block.downsample is not None:
                block.downsample[0].stride = (1, 1)
    body = [resnet.conv1, resnet.bn1, resnet.relu, resnet.maxpool]
    body += [resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4]
    head = [nn.Conv2d(2048, 512, 3, padding=1, bias=False), nn.BatchNorm2d(512), nn.ReLU()]
    net = nn.Sequential(*body, *head, nn.Dropout(0.1), nn.Conv2d(512, CLASSES, 1))
    from memnet.segmenters import plain

    return plain(net, CLASSES)


def steps(options: argparse.Namespace, folder: Path) -> dict[str, Job]:
    """Return name -> one training step."""
    import torch

    from memnet.networks.resmem import ResMem
    from memnet.networks.triplemem import TripleMem
    from memnet.segmenters import find_segmenter
    from memnet.segmenters.cache import open_cache

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    segmenter = (
        find_segmenter(options.segmenter, classes=options.classes)
        if options.segmenter
        else fcn(options.depth)
    )
    device = torch.device(options.device)
    resmem = ResMem(frozen=True).to(device)
    triple = TripleMem(segmenter, frozen=True).to(device)
    data = torch.rand(options.batch, 3, 227, 227)
    fed, truth = data.to(device), torch.rand(options.batch, 1, device=device)
    cache = open_cache(folder, triple.segmenter)
    pictures = list(data.numpy())

    def maps() -> torch.Tensor:
        import numpy as np

        found = [cache.get(picture) for picture in pictures]
        unknown = np.full((227, 227), 255, np.uint8)
        known = np.stack([unknown if each is None else each for each in found])
        return cache.completed(triple.segmenter, fed, torch.from_numpy(known).to(device))

    print_sizes(triple)
    one, other = (trainer(model, truth, device) for model in (resmem, triple))
    return {
        "ResMem": lambda: one(fed),
        "TripleMem": lambda: other(fed),
        "TripleMem, cached maps": lambda: other(fed, maps()),
    }


def trainer(
    model: torch.nn.Module, truth: torch.Tensor, device: torch.device
) -> Callable[..., object]:
    """Return a function that takes a step with what the model is fed."""
    import torch

    learned = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=1e-5, momentum=0.9)
    model.train()

    def step(*fed: torch.Tensor) -> None:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(*fed), truth).backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def print_sizes(model: TripleMem) -> None:
    """Print how many parameters the parts have."""
    own, frozen = (
        sum(each.numel() for each in part.parameters()) / 1e6
        for part in (model, model.segmenter.module)
    )
    print(f"TripleMem {own:.1f} M parameters, its segmenter {frozen:.1f} M more")


def least(jobs: dict[str, Job], runs: int) -> dict[str, float]:
    """Return the least seconds of each job; the jobs take turns."""
    found = dict.fromkeys(jobs, float("inf"))
    for turn in range(runs + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:  # the first turn warms up, and fills the cache
                found[name] = min(found[name], time.perf_counter() - start)
    return found


def print_table(seconds: dict[str, float], batch: int) -> None:
    """Print times and ratios, beside what was published."""
    resmem = seconds["ResMem"]
    said = {
        "TripleMem": 'published: "almost four times", later "about six times"',
        "TripleMem, cached maps": f"limit {LIMIT:.1f}",
    }
    print(f"\n{'one step of ' + str(batch) + ' images':<26}{'ms':>10}{'of ResMem':>12}")
    for name, each in seconds.items():
        late = name.endswith("maps") and each > LIMIT * resmem
        note = said.get(name, "") + ("  BEYOND THE LIMIT" if late else "")
        print(f"{name:<26}{each * 1e3:>10.1f}{each / resmem:>12.2f}  {note}".rstrip())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5, help="timed steps of each, after one")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--depth", type=int, choices=BLOCKS, default=101, help="of the segmenter")
    parser.add_argument("--segmenter", help="another one, as in recipes")
    parser.add_argument("--classes", type=int, help="of a converted --segmenter")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_table(least(steps(options, Path(folder)), options.runs), options.batch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
