"""Planted faults: each is found, named, and said to be at the stage at which it was planted.

The faulty scripts are written here with NumPy alone, without a line of the code that is tested. Images are 256 x 256
already, so that no resize stands between a script and MemNet's rule.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import cv2
import memnet_rule as rule
import numpy as np
import pytest
import torch
from natural_images import natural_images
from PIL import Image

from converter.conversion import Conversion, prepare
from validation.port import find_port
from validation.report import Check, Report
from validation.scores.run import score_checks
from validation.scores.source import Sources
from validation.scores.table import ScoreTable

IMAGES = natural_images(5, seed=5)
MEAN = rule.mean_bgr()


def bgr(image: np.ndarray) -> np.ndarray:
    return image[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)


def centre(planes: np.ndarray, top: int = 14, left: int = 14) -> np.ndarray:
    return np.ascontiguousarray(planes[:, top : top + 227, left : left + 227], np.float32)


FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "looks like RGB: ": lambda image: centre(bgr(image)[::-1] - MEAN),
    "looks like 0...1, no mean: ": lambda image: centre(bgr(image) / 255),
    "looks like 0...1 less the mean: ": lambda image: centre(bgr(image) / 255 - MEAN),
    "looks like 0...1, mean too: ": lambda image: centre((bgr(image) - MEAN) / 255),
    "looks like no mean: ": lambda image: centre(bgr(image)),
    "looks like mean pixel: ": lambda image: centre(bgr(image) - MEAN.mean((1, 2), keepdims=True)),
    "looks like centre crop off by one: a centre crop that is off by 1 down and 1 across, "
    "which is matlab's centre": lambda image: centre(bgr(image) - MEAN, 15, 15),
    "looks like centre crop off by one: a centre crop that is off by 0 down and -1 across;": (
        lambda image: centre(bgr(image) - MEAN, 14, 13)
    ),
    "looks like RGB, and no mean: ": lambda image: centre(bgr(image)[::-1]),
}
RARER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "looks like RGB, mean too: ": lambda image: centre((bgr(image) - MEAN)[::-1]),
    "looks like mean in RGB: ": lambda image: centre(bgr(image) - MEAN[::-1]),
    "looks like mean of 0...1: ": lambda image: centre(bgr(image) - MEAN / 255),
    "looks like mean transposed: ": lambda image: centre(bgr(image) - MEAN.transpose(0, 2, 1)),
    "looks like mirrored: ": lambda image: centre(bgr(image) - MEAN)[:, :, ::-1],
}


class Port(torch.nn.Module):
    """Somebody's port, with a script for its preprocessing."""

    def __init__(
        self, net: torch.nn.Module, preprocess: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        super().__init__()
        self.net = net
        self.preprocess = preprocess

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        return self.net(data)


@pytest.fixture(scope="module")
def conversion(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    """MemNet at an eighth of its width, with a mean image."""
    thin = shared / "goldens/nets/memnet_thin"
    mean = tmp_path_factory.mktemp("mean") / "mean.npy"
    np.save(mean, MEAN)
    return prepare(thin / "net.caffemodel", thin / "net.prototxt", mean)


@pytest.fixture
def net(conversion: Conversion) -> torch.nn.Module:
    return find_port(conversion, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for at, image in enumerate(IMAGES):
        Image.fromarray(image).save(folder / f"{at}.png")
    return folder


def judged(
    conversion: Conversion,
    port: torch.nn.Module,
    folder: Path,
    against: Sequence[str | Path] = ("reference",),
    **more: object,
) -> SimpleNamespace:
    sources = Sources(images=(str(folder),), samples=20, **more)
    return found(score_checks(conversion, port, against, sources=sources))


def found(result: tuple[list[Check], list[ScoreTable], list[str]]) -> SimpleNamespace:
    checks, tables, notes = result
    return SimpleNamespace(
        checks=checks,
        tables=tables,
        notes=notes,
        failed={check.stage: check for check in checks if check.passed is False},
        passed={check.stage for check in checks if check.passed},
        report=Report(
            subject="test", checks=tuple(checks), notes=tuple(notes), scores=tuple(tables)
        ),
    )


def scored(net: torch.nn.Module, fed: Sequence[np.ndarray]) -> np.ndarray:
    with torch.no_grad():
        return net(torch.from_numpy(np.stack(fed)))[:, 0].double().numpy()


def write(path: Path, scores: Sequence[float], names: Sequence[str] | None = None) -> Path:
    with path.open("w", newline="") as file:
        named = names or [f"{at}.png" for at in range(len(scores))]
        csv.writer(file).writerows(
            [("name", "score"), *zip(named, map(repr, map(float, scores)), strict=True)]
        )
    return path


def test_right_port_passes_all_stages(
    conversion: Conversion, net: torch.nn.Module, folder: Path
) -> None:
    port = Port(net, lambda image: centre(bgr(image) - MEAN))
    result = judged(conversion, port, folder)
    assert result.report.exit_code == 0, str(result.report)
    assert result.passed == {"preprocessing", "network", "end to end"}
    assert result.notes == []


@pytest.mark.parametrize("name", FAULTS | RARER)
def test_fault_of_preprocessing_is_named_from_what_is_fed(
    conversion: Conversion, net: torch.nn.Module, folder: Path, name: str
) -> None:
    result = judged(conversion, Port(net, (FAULTS | RARER)[name]), folder, judged=3)
    assert result.report.exit_code == 1
    assert result.failed.keys() == {"preprocessing", "end to end"}, str(result.report)
    assert name in result.failed["preprocessing"].detail
    assert name in result.failed["end to end"].detail
    assert result.notes == [
        "images: the difference begins in the preprocessing; the network alone agrees"
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_fault_of_preprocessing_is_named_from_scores_alone(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path, name: str
) -> None:
    scores = write(tmp_path / "port.csv", scored(net, [FAULTS[name](image) for image in IMAGES]))
    result = judged(conversion, net, folder, scores={"port": scores})
    assert result.report.exit_code == 1
    assert result.failed.keys() == {"preprocessing", "end to end"}, str(result.report)
    assert name in result.failed["preprocessing"].detail
    assert "that feeding reproduces the scores to" in result.failed["preprocessing"].detail


def test_shrinking_without_smoothing_is_named(
    conversion: Conversion, net: torch.nn.Module, tmp_path: Path
) -> None:
    for at, image in enumerate(natural_images(3, size=420, seed=9)):
        Image.fromarray(image[:, :310]).save(tmp_path / f"{at}.png")
    port = Port(net, lambda image: centre(bgr(cv2.resize(image, (256, 256))) - MEAN))
    result = judged(conversion, port, tmp_path)
    assert "looks like no antialias: pictures shrunk without smoothing" in (
        result.failed["preprocessing"].detail
    )


def test_unusual_preprocessing_is_not_given_a_name(
    conversion: Conversion, net: torch.nn.Module, folder: Path
) -> None:
    port = Port(net, lambda image: centre(bgr(image) - MEAN)[:, ::-1].copy())
    result = judged(conversion, port, folder)
    assert "looks like" not in str(result.report)
    assert "none of the usual mistakes" in result.failed["end to end"].detail


def test_wrong_layer_is_found_in_the_network(
    conversion: Conversion, net: torch.nn.Module, folder: Path
) -> None:
    net.norm2 = torch.nn.LocalResponseNorm(3, alpha=1e-4, beta=0.75, k=1.0)
    result = judged(conversion, net, folder)
    assert result.failed.keys() == {"network", "end to end"}, str(result.report)
    assert "preprocessing" in result.passed
    assert "begins in the network" in result.failed["end to end"].detail


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            1,
            "shifted by one row (in the table's order): an image has the score of the one 1 before",
        ),
        (
            -1,
            "shifted by one row (in the table's order): an image has the score of the one 1 after",
        ),
        (2, "shifted by 2 rows (in the table's order): an image has the score of the one 2 before"),
    ],
)
def test_shifted_column_is_named(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path, rows: int, says: str
) -> None:
    right = scored(net, [centre(bgr(image) - MEAN) for image in IMAGES])
    scores = write(tmp_path / "port.csv", np.roll(right, rows))
    result = judged(conversion, net, folder, scores={"port": scores})
    assert result.failed.keys() == {"scores", "end to end"}, str(result.report)
    assert says in result.failed["scores"].detail
    assert result.notes == ["images: the difference begins in the columns of scores themselves"]


def test_column_is_shifted_in_its_own_files_order(tmp_path: Path) -> None:
    """The table, the original and the port name the images in three orders."""
    generator = np.random.default_rng(3)
    names = [f"{at}.jpg" for at in range(40)]
    scores = dict(zip(names, generator.normal(0.7, 0.1, 40), strict=True))
    first, second = (list(map(str, generator.permutation(names))) for _ in range(2))
    truth = write(tmp_path / "truth.csv", [0.5 + at / 100 for at in range(40)], names)
    shifted = np.roll([scores[name] for name in second], 1)
    files = {
        "original": write(tmp_path / "a.csv", [scores[name] for name in first], first),
        "port": write(tmp_path / "b.csv", shifted, second),
    }
    sources = Sources(data=f"csv:{truth}", scores=files, samples=20)
    result = found(score_checks(None, None, (), sources=sources))
    assert result.report.exit_code == 1
    said = result.failed["scores"].detail
    assert said.startswith("scores shifted by one row (in the order of port): ")
    assert "39 of 40 agree" in said


def test_scores_in_another_order_are_told(tmp_path: Path) -> None:
    scores = np.random.default_rng(3).normal(0.7, 0.1, 40)
    sources = Sources(
        scores={
            "original": write(tmp_path / "a.csv", scores),
            "port": write(tmp_path / "b.csv", np.sort(scores)),
        },
    )
    result = found(score_checks(None, None, (), sources=sources))
    assert "names and scores have come apart" in result.failed["scores"].detail


def ten(image: np.ndarray) -> np.ndarray:
    return rule.ten_crops(image)


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4, 5, 7, 6, 8, 9], [4, 9, 0, 5, 1, 6, 2, 7, 3, 8]])
def test_another_order_of_ten_crops_does_not_alarm(
    conversion: Conversion, net: torch.nn.Module, folder: Path, order: list[int]
) -> None:
    port = Port(net, lambda image: ten(image)[order])
    result = judged(conversion, port, folder, crops=("center", "ten"), judged=2)
    assert result.report.exit_code == 0, str(result.report)
    assert result.notes == [
        "preprocessing alone: the port takes the ten crops in another order, which changes no mean"
    ]


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4, 5, 7, 6, 8, 9], [4, 9, 0, 5, 1, 6, 2, 7, 3, 8]])
def test_another_order_of_recorded_scores_does_not_alarm(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path, order: list[int]
) -> None:
    path = tmp_path / "recorded.npz"
    np.savez(
        path,
        **{
            "images/names": [f"{at}.png" for at in range(len(IMAGES))],
            "scores/ten": np.stack([scored(net, ten(image)[order]) for image in IMAGES]),
        },
    )
    result = judged(conversion, net, folder, (path,), crops=("center", "ten"))
    assert result.report.exit_code == 0, str(result.report)
    assert any("the ten crops stand in another order" in note for note in result.notes)


def test_matlabs_ten_crops_are_told_from_pycaffes(
    conversion: Conversion, net: torch.nn.Module, folder: Path
) -> None:
    def matlab(image: np.ndarray) -> np.ndarray:
        crops, moved = ten(image), centre(bgr(image) - MEAN, 15, 15)
        crops[[1, 2, 6, 7]] = crops[[2, 1, 7, 6]]
        crops[4], crops[9] = moved, moved[:, :, ::-1]
        return crops

    result = judged(conversion, Port(net, matlab), folder, crops=("ten",), judged=2)
    detail = result.failed["preprocessing"].detail
    assert "matlab's centre" in detail


def test_original_that_was_fed_wrongly_is_told(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path
) -> None:
    """The published spread of one crop looks like this: a recording whose script forgot raw_scale."""
    fault = FAULTS["looks like 0...1, no mean: "]
    scores = write(tmp_path / "theirs.csv", scored(net, [fault(image) for image in IMAGES]))
    result = judged(conversion, net, folder, (scores,))
    assert "theirs.csv looks like 0...1, no mean: " in result.failed["preprocessing"].detail


@pytest.mark.parametrize("name", ["looks like RGB: ", "looks like no mean: "])
def test_recording_that_was_fed_wrongly_is_told(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path, name: str
) -> None:
    fed = np.stack([FAULTS[name](image) for image in IMAGES])
    path = tmp_path / "theirs.npz"
    names = [f"{at}.png" for at in range(len(IMAGES))]
    scores = {"images/names": names, "scores/center": scored(net, fed), "crops/center": fed}
    np.savez(path, **scores)
    result = judged(conversion, net, folder, (path,))
    assert f"theirs.npz {name}" in result.failed["preprocessing"].detail
    assert result.notes == [
        "images: the difference begins in the preprocessing; the network alone agrees"
    ]


@pytest.mark.parametrize("crops", ["center", "ten"])
def test_samples_of_what_was_fed_wrongly_are_enough(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path, crops: str
) -> None:
    fed = [ten(np.ascontiguousarray(image[:, :, ::-1])) for image in IMAGES]
    places = np.random.default_rng(4).integers(0, fed[0].size, 200)
    path = tmp_path / "theirs.npz"
    np.savez(
        path,
        **{
            "out/fc8-euclidean": np.stack([scored(net, each) for each in fed]),
            "pos/data": places,
            "sample/data": np.stack([each.reshape(-1)[places] for each in fed]),
        },
    )
    result = judged(conversion, net, folder, (path,), crops=(crops,))
    assert "theirs.npz looks like RGB: " in result.failed["preprocessing"].detail


def test_fault_is_named_from_two_files_and_the_images(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path
) -> None:
    """Nothing is run until the files differ."""
    right = scored(net, [centre(bgr(image) - MEAN) for image in IMAGES])
    wrong = scored(net, [FAULTS["looks like RGB: "](image) for image in IMAGES])
    scores = {
        "port": write(tmp_path / "a.csv", wrong),
        "original": write(tmp_path / "b.csv", right),
    }
    result = judged(conversion, net, folder, scores=scores)
    assert "port looks like RGB: " in result.failed["preprocessing"].detail
    assert result.passed == set()


def test_recording_of_other_files_is_told(
    conversion: Conversion, net: torch.nn.Module, folder: Path, tmp_path: Path
) -> None:
    """Somebody saved one image anew: its name is the same, its pixels are not."""
    changed = [*IMAGES[:2], IMAGES[2][::-1], *IMAGES[3:]]
    hashes = [hashlib.sha256((folder / f"{at}.png").read_bytes()).hexdigest() for at in range(5)]
    path = tmp_path / "theirs.npz"
    recorded = {
        "images/names": [f"/elsewhere/{at}.png" for at in range(5)],
        "scores/center": scored(net, [centre(bgr(image) - MEAN) for image in changed]),
    }
    np.savez(path, **recorded, **{"images/sha256": [*hashes[:2], "0" * 64, *hashes[3:]]})
    result = judged(conversion, net, folder, (path,))
    assert result.failed.keys() == {"preprocessing", "end to end"}
    said = result.failed["preprocessing"].detail
    assert said.startswith("not the files that were recorded: ")
    assert said.endswith("2.png")
    assert said in result.failed["end to end"].detail
