"""Generated data sets: their layouts load, equal seeds give equal files, and a small net learns their scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

from converter.errors import FileFormatError
from memnet.data import generate, load_data, load_lamem
from memnet.data.generated import ALPHA, CMYK, GREY, LAYOUTS, ROTATED, TRUNCATED
from memnet.data.synthetic_picture import plan
from memnet.images import read_image


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_loads_and_is_labelled(layout: str, tmp_path: Path) -> None:
    made = generate(tmp_path / "mini", layout, count=20, seed=3)
    data = load_data(made.spec)
    assert data.synthetic
    assert "(SYNTHETIC)" in str(data)
    assert set(data.paths) <= set(made.images)
    assert all(read_image(path).shape[2] == 3 for path in made.images)
    assert made.truncated == ()
    if layout == "memcat":
        assert len({item.category for item in data}) == 10
        assert (
            load_data(made.spec.replace("memcat:", "memcat-corrected:")).scores.mean()
            < data.scores.mean()
        )
    if layout == "faces":
        assert all(item.responses and item.first_showings for item in data)


def test_lamem_has_five_consistent_splits_in_proportion(tmp_path: Path) -> None:
    generate(tmp_path, count=60)
    for at in range(1, 6):
        counts = [len(load_lamem(tmp_path, f"{part}_{at}")) for part in ("train", "val", "test")]
        assert counts == [40, 8, 12]
    assert len(load_lamem(tmp_path, "full")) == 60
    assert load_lamem(tmp_path, "test_1").paths != load_lamem(tmp_path, "test_2").paths


def test_odd_pictures_are_what_they_are_called(tmp_path: Path) -> None:
    made = generate(tmp_path, count=20, truncated=True)
    found = {}
    for index, path in enumerate(made.images):
        with Image.open(path) as picture:
            found[index] = (picture.format, picture.mode, picture.getexif().get(0x0112))
    assert found.pop(GREY) == ("JPEG", "L", None)
    assert found.pop(CMYK) == ("JPEG", "CMYK", None)
    assert found.pop(ALPHA) == ("PNG", "RGBA", None)
    assert found.pop(ROTATED) == ("JPEG", "RGB", 6)
    assert set(found.values()) == {("JPEG", "RGB", None)}
    assert made.truncated == (made.images[TRUNCATED],)
    with pytest.raises(FileFormatError, match="truncated"):
        read_image(made.truncated[0])


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    one, two, other = (
        generate(tmp_path / name, "csv", 20, seed) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    contents = [[path.read_bytes() for path in made.images] for made in (one, two, other)]
    assert contents[0] == contents[1]
    assert contents[0][0] != contents[2][0]
    assert load_data(one.spec).scores.tolist() == load_data(two.spec).scores.tolist()


def test_scores_spread_as_lamems_and_have_the_stated_ceiling() -> None:
    drawings = [plan(index, 1) for index in range(4000)]
    scores = np.array([drawing.score for drawing in drawings])
    assert scores.mean() == pytest.approx(0.755, abs=0.005)
    assert scores.std() == pytest.approx(0.12, abs=0.006)
    seen = [drawing.colourfulness + drawing.size for drawing in drawings]
    assert spearmanr(seen, scores).statistic == pytest.approx(0.9, abs=0.02)
    coloured = [drawing.colourfulness for drawing in drawings]
    assert spearmanr(coloured, scores).statistic == pytest.approx(0.65, abs=0.03)


def test_a_small_net_learns_the_scores(tmp_path: Path) -> None:
    """Two convolutions on 16 x 16 pictures: some 1,200 weights, trained on 200 images, tested on 60."""
    import torch

    data = load_data(generate(tmp_path, "csv", count=260, seed=11).spec)
    pictures = [Image.fromarray(read_image(path)).resize((16, 16)) for path in data.paths]
    inputs = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1
    truth = torch.from_numpy(data.scores).float()[:, None]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(3, 12, 3, 2), torch.nn.ReLU(),
            torch.nn.Conv2d(12, 8, 3), torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 1),
        )  # fmt: skip
        optimiser = torch.optim.Adam(net.parameters(), 3e-2)
        for _ in range(60):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(net(inputs[:200]), (truth[:200] - 0.755) / 0.12).backward()
            optimiser.step()
    found = net(inputs[200:]).detach()[:, 0]
    assert spearmanr(found, data.scores[200:]).statistic > 0.6


@pytest.mark.parametrize(("layout", "count"), [("coco", 60), ("lamem", 19)])
def test_odd_wishes_are_refused(tmp_path: Path, layout: str, count: int) -> None:
    with pytest.raises(ValueError, match=r"may be lamem, memcat, faces, csv; count .* at least 20"):
        generate(tmp_path, layout, count)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="is not empty"):
        generate(tmp_path)
