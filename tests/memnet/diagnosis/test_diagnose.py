"""`memnet diagnose`: each mistake, planted by a script of its own, is found and named; and what is said of averages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import memnet_rule as rule
import numpy as np
import pytest
import torch
from natural_images import natural_images
from PIL import Image
from torch.nn import functional as F  # noqa: N812

import memnet
from converter.errors import FileFormatError
from memnet.cli import main
from memnet.commands.diagnose import _check_spread, _read
from memnet.diagnosis.diagnose import Observed, Spread, diagnose, measure, tolerated
from memnet.diagnosis.feedings import RIGHT, Feeding, feedings
from memnet.diagnosis.text import report
from memnet.networks.resmem_preprocess import ResMemPreprocess
from memnet.preprocessing import preprocessing
from memnet.score_file import scores_of

PICTURES = natural_images(5, size=420, seed=23)[:, :310]
MEAN = rule.mean_bgr()


def smoothed(image: np.ndarray, size: int = 256) -> np.ndarray:
    """(3, size, size) RGB, shrunk with smoothing by torch."""
    planes = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None]
    shrunk = F.interpolate(planes, (size, size), mode="bilinear", antialias=True)
    return shrunk[0].numpy()


def centre(planes: np.ndarray) -> np.ndarray:
    return planes[:, 14:241, 14:241]


# What people's scripts do, without a line of the code that is tested: H x W x 3 RGB uint8 -> (3, 227, 227).
SCRIPTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    RIGHT: lambda image: centre(smoothed(image)[::-1] - MEAN),
    "0...1, no mean": lambda image: centre(smoothed(image)[::-1] / 255),
    "0...1 less the mean": lambda image: centre(smoothed(image)[::-1] / 255 - MEAN),
    "0...1, mean too": lambda image: centre(smoothed(image)[::-1] / 255 - MEAN / 255),
    "RGB": lambda image: centre(smoothed(image) - MEAN),
    "no mean": lambda image: centre(smoothed(image)[::-1]),
    "mean pixel": lambda image: centre(smoothed(image)[::-1] - MEAN.mean((1, 2), keepdims=True)),
    "resized to 227": lambda image: smoothed(image, 227)[::-1] - centre(MEAN),
    "no antialias": lambda image: centre(
        cv2.resize(image, (256, 256)).transpose(2, 0, 1)[::-1] - MEAN
    ),
    "ImageNet's mean pixel": lambda image: centre(
        smoothed(image)[::-1] - np.array([104, 117, 123])[:, None, None]
    ),
    # was called not explained, though it is how the authors' MATLAB crops
    "MATLAB's centre": lambda image: (smoothed(image)[::-1] - MEAN)[:, 15:242, 15:242],
}
FINE = {RIGHT, "MATLAB's centre"}
PIXELS = {"mean pixel", "ImageNet's mean pixel"}
"""The recorded mean image varies around ImageNet's mean pixel."""


@pytest.fixture(scope="module")
def spreads(full_model: memnet.MemNet) -> tuple[Spread, ...]:
    return measure(full_model, preprocessing(MEAN), list(PICTURES))


def scored_by(model: memnet.MemNet, script: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    fed = np.stack([script(image) for image in PICTURES]).astype(np.float32)
    with torch.inference_mode():
        return model(torch.from_numpy(fed))[:, 0].numpy()


def of_scores(scores: np.ndarray) -> Observed:
    return Observed(source="a script", crops="center", sd=float(scores.std()), scores=scores)


def of_spread(sd: float, ten: float | None = None) -> Observed:
    return Observed(source="a page", crops="center", sd=sd, ten_sd=ten)


def test_every_mistake_has_a_script() -> None:
    assert [each.name for each in feedings(preprocessing(MEAN))] == list(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_planted_feeding_is_found_by_the_scores(
    full_model: memnet.MemNet, spreads: tuple[Spread, ...], name: str
) -> None:
    found = diagnose(spreads, of_scores(scored_by(full_model, SCRIPTS[name])))
    assert set(found.alike) == (PIXELS if name in PIXELS else {name})
    assert found.is_right is (name in FINE)
    said = report(found)
    assert ("Fed rightly" in said) is (name in FINE)
    assert ("FED WRONGLY" in said) is (name not in FINE)
    assert f"({name})" in " ".join(said.split()) or name == RIGHT


@pytest.mark.parametrize("name", SCRIPTS)
def test_planted_feeding_is_among_those_found_by_the_spread(
    full_model: memnet.MemNet, spreads: tuple[Spread, ...], name: str
) -> None:
    found = diagnose(spreads, of_spread(float(scored_by(full_model, SCRIPTS[name]).std())))
    assert name in found.alike
    assert not {name, RIGHT} < set(found.alike) or not name.startswith("0...1")


def test_pixels_of_0_to_1_hardly_differ(spreads: tuple[Spread, ...]) -> None:
    named = {spread.feeding.name: spread.sd("center") for spread in spreads}
    for name in ("0...1, no mean", "0...1 less the mean", "0...1, mean too"):
        assert named[name] < 0.05 * named[RIGHT]
    said = report(diagnose(spreads, of_spread(named["0...1, no mean"])))
    assert "no ranking should rest on them" in " ".join(said.split())


def test_spread_of_nothing_tried_is_not_explained(spreads: tuple[Spread, ...]) -> None:
    found = diagnose(spreads, of_spread(3.0))
    assert not found.alike
    assert not found.is_right
    assert "NOT EXPLAINED" in report(found)
    assert f"The nearest are '{found.matches[0].spread.feeding.name}'" in " ".join(
        report(found).split()
    )


def test_scores_of_nothing_tried_are_not_explained(spreads: tuple[Spread, ...]) -> None:
    right = spreads[0].of("center")
    assert not diagnose(spreads, of_scores(right[::-1].copy())).alike


def test_ten_crops_are_averaged_in_the_mean_of_the_scores(spreads: tuple[Spread, ...]) -> None:
    ten = spreads[0].of("ten")
    np.testing.assert_allclose(ten, spreads[0].scores.mean(1), rtol=1e-6)
    observed = Observed(source="ten", crops="ten", sd=float(ten.std()), scores=ten)
    found = diagnose(spreads, observed)
    assert found.is_right
    assert "resized to 227" not in found.alike  # it has no ten crops


def test_average_is_never_wider_than_its_widest_part() -> None:
    generator = np.random.default_rng(6)
    for _ in range(200):
        parts = generator.normal(0, generator.uniform(0.1, 4, 10), (7, 10)).astype(np.float32)
        spread = Spread(feeding=feedings(preprocessing(MEAN))[0], scores=parts)
        assert spread.sd("ten") <= spread.part_sds().max() * (1 + 1e-6)


def test_published_surprise_points_to_the_input(spreads: tuple[Spread, ...]) -> None:
    found = diagnose(spreads, of_spread(0.0025, ten=0.08))
    said = " ".join(report(found).split())
    assert found.is_impossible
    assert not found.is_right
    assert "sd of an average is at most the largest sd of its parts" in said
    assert (
        "one crop with 0.0025 and ten crops with 0.08 cannot be the same model fed the same way"
        in said
    )
    assert "32 times as far" in said
    assert "by '0...1, no mean' and '0...1 less the mean' and '0...1, mean too' alone" in said


def test_possible_pair_of_spreads_is_said_to_be_possible(spreads: tuple[Spread, ...]) -> None:
    one, ten = spreads[0].sd("center"), spreads[0].sd("ten")
    found = diagnose(spreads, of_spread(one, ten))
    assert found.is_right
    assert "can be the same model fed the same way" in " ".join(report(found).split())


def test_chance_narrows_with_the_number_of_pictures() -> None:
    generator = np.random.default_rng(8)
    for count in (6, 24, 200):
        sds = generator.standard_normal((4000, count)).std(1)
        outside = np.abs(np.log(sds / np.median(sds))) > np.log(tolerated(count))
        assert 0.02 < outside.mean() < 0.08  # two standard deviations of a normal: 0.046


def test_table_has_a_line_for_each_feeding(spreads: tuple[Spread, ...]) -> None:
    said = report(diagnose(spreads, of_spread(spreads[0].sd("center"))))
    for name in SCRIPTS:
        assert f"\n{name:<22}" in said
    assert max(map(len, said.splitlines())) <= 80


def test_scores_all_alike_are_compared_by_steps_of_float32() -> None:
    feeding = Feeding(name=RIGHT, says="", feed=lambda image: image)
    spread = Spread(feeding=feeding, scores=np.full((4, 10), 0.5, np.float32))
    assert diagnose([spread], of_scores(np.full(4, 0.5, np.float32))).alike == (RIGHT,)
    assert not diagnose([spread], of_scores(np.full(4, 0.5001, np.float32))).alike


def test_resmem_has_mistakes_of_its_own() -> None:
    image = PICTURES[0]
    named = {each.name: each.feed(image) for each in feedings(ResMemPreprocess())}
    right = named[RIGHT]
    assert right.shape == (10, 3, 227, 227)
    assert 0 <= right.min() < right.max() <= 1
    np.testing.assert_allclose(named["0...1 over 255"] * 255, right, rtol=1e-5)
    np.testing.assert_allclose(named["0...255"] / 255, right, rtol=1e-5)
    assert np.array_equal(named["BGR"], right[:, ::-1])
    normal = (smoothed(image) / 255 - [[[0.485]], [[0.456]], [[0.406]]]) / [
        [[0.229]],
        [[0.224]],
        [[0.225]],
    ]
    inside = named["ImageNet mean"][4][:, 3:-3, 3:-3]
    np.testing.assert_allclose(inside, centre(normal)[:, 3:-3, 3:-3], atol=0.02)
    assert named["resized to 227"].shape == (1, 3, 227, 227)
    shrunk = cv2.resize(image, (256, 256)).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(named["no antialias"][4], centre(shrunk), atol=1.01 / 255)


def test_mean_pixel_is_no_mistake_where_no_mean_image_is_known() -> None:
    names = [each.name for each in feedings(preprocessing(MEAN.mean((1, 2), keepdims=True)))]
    assert "mean pixel" not in names
    assert len(names) == len(SCRIPTS) - 1


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, image in enumerate(PICTURES[:3]):
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


@pytest.mark.slow
def test_command_finds_nothing_wrong_with_its_own_run(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(pictures), "--model", str(full_folder)]) == 0
    assert "Fed rightly: the scores of single pictures agree." in capsys.readouterr().out


def test_command_finds_a_wrong_preprocessing_in_a_folder(
    full_folder: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "wrong"
    folder.mkdir()
    for path in full_folder.iterdir():
        (folder / path.name).symlink_to(path)
    config = folder / "preprocessor_config.json"
    changed = json.loads(config.read_text()) | {"channel_order": "RGB"}
    config.unlink()
    config.write_text(json.dumps(changed))
    assert main(["diagnose", str(pictures), "--model", str(folder)]) == 1
    assert "in the order RGB instead of BGR (RGB)" in " ".join(capsys.readouterr().out.split())


def test_command_judges_scores_of_a_csv(
    full_model: memnet.MemNet,
    full_folder: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores = scored_by(full_model, SCRIPTS["no mean"])[:3]
    lines = [f"/elsewhere/{index}.png,{score:.6f}" for index, score in enumerate(scores)]
    path = tmp_path / "theirs.csv"
    path.write_text("\n".join(["image,score", *lines]))
    command = ["diagnose", str(pictures), "--model", str(full_folder), "--scores", str(path)]
    assert main(command) == 1
    assert "FED WRONGLY" in (said := capsys.readouterr().out)
    assert "no mean subtracted (no mean)" in " ".join(said.split())


def test_command_refuses_too_few_pictures(
    full_folder: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["diagnose", str(pictures / "0.png"), "--model", str(full_folder)]
    assert main(command) == 2
    assert "1 pictures have no spread to speak of; give at least 3" in capsys.readouterr().err


def test_command_refuses_a_spread_below_zero(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["diagnose", "pictures", "--observed-sd", "-1"])
    assert "'-1' is no standard deviation" in capsys.readouterr().err


def test_scores_are_found_by_path_and_else_by_name(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("\ufeffImage,Score,error\nx/a.jpg,0.5,\ny/b.jpg,0.25,\ny/c.jpg,,broken\n")
    assert scores_of(path, ["x/a.jpg", "z/b.jpg", "c.jpg"]) == {"x/a.jpg": 0.5, "z/b.jpg": 0.25}


def test_scores_may_have_another_delimiter(tmp_path: Path) -> None:
    """As pictures and data sets may; it was one column called `image;score`."""
    path = tmp_path / "scores.csv"
    path.write_text("image;score\na.jpg;0.5\n")
    assert scores_of(path, ["a.jpg"]) == {"a.jpg": 0.5}


def test_of_two_columns_the_other_is_the_score(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("resmem,image_name\n0.5,a.jpg\n")
    assert scores_of(path, ["a.jpg"]) == {"a.jpg": 0.5}


def test_names_that_occur_twice_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("path,score\nx/a.jpg,0.5\ny/a.jpg,0.25\nb.jpg,1\n")
    assert scores_of(path, ["z/a.jpg", "y/a.jpg", "p/b.jpg", "q/b.jpg"]) == {"y/a.jpg": 0.25}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("image,value,n\na.jpg,1,2\n", "has no column 'score', but image, value, n"),
        ("score\n1\n", "has no column 'image', but score"),
        ("image,score\nb.jpg,1\n", "names none of the pictures; it has 'b.jpg'"),
        ("image,score\na.jpg,high\n", "the score of 'a.jpg' is 'high', no number"),
    ],
)
def test_odd_score_file_is_told(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=match):
        scores_of(path, ["a.jpg"])


def test_missing_score_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.csv: cannot be read as a CSV"):
        scores_of(tmp_path / "none.csv", ["a.jpg"])


def test_command_leaves_out_and_names_broken_pictures(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "0a.png").write_text("no picture")
    names = [str(path) for path in sorted(pictures.iterdir())]
    assert list(_read(names)) == [names[0], *names[2:]]
    assert "0a.png: is not an image that Pillow can read; left out" in capsys.readouterr().err
    with pytest.raises(FileFormatError, match="2 pictures have no spread to speak of"):
        _read(names[:3])


def test_pictures_that_are_all_alike_are_refused() -> None:
    """A division by zero."""
    feeding = Feeding(name=RIGHT, says="", feed=lambda image: image)
    spread = Spread(feeding=feeding, scores=np.full((3, 10), 0.5, np.float32))
    with pytest.raises(FileFormatError, match="all 3 pictures have one score, which tells nothing"):
        _check_spread(spread)


def test_ten_crops_that_spread_where_one_does_not_are_reported(spreads: tuple[Spread, ...]) -> None:
    """A division by zero."""
    said = report(diagnose(spreads, of_spread(0.0, 0.08))).replace("\n", " ")
    assert "the averages spread, and one crop not at all. Averaging is not what made" in said


@pytest.mark.parametrize(
    ("score", "options", "match"),
    [
        ("nan", [], "the score of .* is nan; leave such rows empty or out"),
        ("0.5", ["--observed-sd", "0.1"], "are two things to judge; give one"),
    ],
)
def test_command_refuses_what_cannot_be_judged(
    full_folder: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    score: str,
    options: list[str],
    match: str,
) -> None:
    scores = tmp_path / "scores.csv"
    scores.write_text("image,score\n" + "".join(f"{path},{score}\n" for path in pictures.iterdir()))
    command = ["diagnose", str(pictures), "--model", str(full_folder), "--scores", str(scores)]
    assert main([*command, *options]) == 2
    assert re.search(match, capsys.readouterr().err)
