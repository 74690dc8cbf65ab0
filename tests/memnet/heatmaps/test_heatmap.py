"""Memorability maps: the convolutional net against the plain one, the map against scipy, and the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import memnet_rule as rule
import numpy as np
import pytest
import torch
from golden import assert_close
from natural_images import natural_images
from PIL import Image
from scipy.ndimage import map_coordinates
from torch import nn

import memnet
from converter import tolerance
from converter.errors import InvalidNetError, WeightsError
from memnet.cli import main
from memnet.heatmaps.convolutional import fully_convolutional
from memnet.heatmaps.heatmap import Heatmap, _averaged, heatmap, resized_rule, strips
from memnet.heatmaps.overlay import LABEL, blend, overlay


@pytest.fixture(scope="module")
def found(full_model: memnet.MemNet) -> Heatmap:
    return heatmap(full_model, natural_images(1, size=300)[0][:211], sizes=(259, 323))


def test_convolutional_net_is_the_plain_net_on_its_own_size(full_model: memnet.MemNet) -> None:
    crops = torch.from_numpy(rule.ten_crops(rule.images()[0])[3:6])
    with torch.inference_mode():
        maps = fully_convolutional(full_model)(crops)
    assert maps.shape == (3, 1, 1, 1)
    recorded = np.load(rule.RECORDED)["out/fc8-euclidean"][0, 3:6]
    assert_close("scores", maps.flatten().numpy(), recorded, tolerance.CAFFE)


def test_cell_is_what_the_plain_inner_products_make_of_its_window(
    full_model: memnet.MemNet,
) -> None:
    image = torch.from_numpy(
        np.random.default_rng(3).normal(0, 60, (1, 3, 259, 291)).astype(np.float32)
    )
    pooled: list[torch.Tensor] = []
    module = fully_convolutional(full_model)
    hook = module.pool5.register_forward_hook(lambda *call: pooled.append(call[-1]))
    with torch.inference_mode():
        scores = module(image)[0, 0]
        hook.remove()
        assert scores.shape == (2, 3)
        for row, column in np.ndindex(2, 3):
            window = pooled[0][:, :, row : row + 6, column : column + 6].flatten(1)
            fc6 = full_model.relu6(full_model.fc6(window))
            expected = full_model.fc8_euclidean(full_model.relu7(full_model.fc7(fc6)))
            assert_close("cell", scores[row, column].numpy(), expected[0, 0].numpy(), 1e-5)


def test_convolutional_net_shares_the_weights(full_model: memnet.MemNet) -> None:
    module = fully_convolutional(full_model)
    assert module.fc6.weight.data_ptr() == full_model.fc6.weight.data_ptr()
    assert module.fc6.weight.shape == (4096, 256, 6, 6)


def test_map_of_one_window_is_the_plain_nets_score(full_model: memnet.MemNet) -> None:
    image = natural_images(1, size=140)[0]
    prep = resized_rule(vars(full_model)["preprocess"], 227)
    flat = heatmap(full_model, image, sizes=(227,)).scores
    assert flat.shape == (140, 140)
    score = memnet.predict(full_model, [image], preprocess=prep)
    assert_close("map", flat, np.full(flat.shape, score[0]), tolerance.CAFFE)


def test_mean_is_the_mean_images_average_pixel(full_model: memnet.MemNet) -> None:
    prep = resized_rule(vars(full_model)["preprocess"], 323)
    np.testing.assert_allclose(prep.mean.ravel(), rule.mean_bgr().mean((1, 2)), rtol=1e-5)
    assert (prep.crop, prep.resize) == ((323, 323), (323, 323))


def test_map_is_the_average_of_scales_laid_over_the_picture(found: Heatmap) -> None:
    assert {size: cells.shape for size, cells in found.cells.items()} == {
        259: (2, 2),
        323: (4, 4),
    }
    layers = []
    for size, cells in found.cells.items():
        rows, columns = (
            ((np.arange(pixels) + 0.5) * size / pixels - 113.5) / 32 for pixels in (211, 300)
        )
        places = np.meshgrid(rows, columns, indexing="ij")
        layers.append(map_coordinates(cells.astype(np.float64), places, order=1, mode="nearest"))
    assert found.scores.dtype == np.float32
    np.testing.assert_allclose(found.scores, np.mean(layers, axis=0), rtol=1e-6)


@pytest.mark.parametrize("sizes", [(226,), (195,), (451, 450), (), (3459,)])
def test_sizes_with_windows_cut_off_are_refused(
    full_model: memnet.MemNet, sizes: tuple[int, ...]
) -> None:
    with pytest.raises(InvalidNetError, match=r"each must be 227 \+ 32 k"):
        heatmap(full_model, rule.images()[0], sizes=sizes)


def test_other_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="Linear is not MemNet"):
        fully_convolutional(nn.Linear(3, 2))


def test_overlay_spans_the_colours_and_has_a_scale(found: Heatmap) -> None:
    shown = overlay(found)
    assert shown.height == 211
    assert shown.width > 300
    mixed = blend(found)
    grey = Image.fromarray(found.image).convert("L")
    least = np.unravel_index(found.scores.argmin(), found.scores.shape)
    expected = 0.45 * np.asarray(grey)[least] + 0.55 * np.array([68, 1, 84])  # viridis' darkest
    assert np.abs(mixed[least] - expected).max() <= 1


def test_level_map_has_an_overlay(found: Heatmap) -> None:
    level = Heatmap(image=found.image, scores=np.full((211, 300), 0.5, np.float32), cells={})
    assert blend(level).shape == (211, 300, 3)


def test_command_writes_array_and_picture_and_overwrites_only_by_force(
    full_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(natural_images(1, size=90)[0][:70]).save(tmp_path / "photo.png")
    command = ["heatmap", str(tmp_path / "photo.png"), "--model", str(full_folder)]
    command += ["--sizes", "259", "-o", str(tmp_path / "maps")]
    assert main(command) == 0
    array = np.load(tmp_path / "maps/photo_heatmap.npy")
    assert (array.shape, array.dtype) == ((70, 90), np.float32)
    said = capsys.readouterr().out
    assert (
        f"scores from {array.min():.4f} to {array.max():.4f} (windows at size 259: 2 x 2)" in said
    )
    with Image.open(tmp_path / "maps/photo_heatmap.png") as picture:
        assert picture.height == 70
    assert main(command) == 2
    assert "exists; overwrite with --force" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == [
        "photo_heatmap.npy",
        "photo_heatmap.png",
    ]


def test_untrained_weights_are_named_in_the_picture(
    full_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the two numbers of the scale stands nothing for others."""
    Image.fromarray(natural_images(1, size=90)[0]).save(tmp_path / "photo.png")
    shutil.copytree(full_folder, tmp_path / "folder")
    record = tmp_path / "folder/conversion.json"
    command = ["heatmap", str(tmp_path / "photo.png"), "--sizes", "227", "--force"]
    command += ["-o", str(tmp_path), "--model", str(tmp_path / "folder")]
    dark = []
    for warning in ("a warning", "UNTRAINED: by its own name"):
        record.write_text(json.dumps({"warnings": [warning]}))
        assert main(command) == 0
        with Image.open(tmp_path / "photo_heatmap.png") as picture:
            label = np.asarray(picture.convert("L"))[30:60, -LABEL:]
        dark.append(int((label < 128).sum()))
    assert dark[0] == 0 < dark[1]
    assert "UNTRAINED: by its own name" in capsys.readouterr().err


def test_command_takes_a_training_run(full_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run/model"
    shutil.copytree(full_folder, run)
    record = {"format": "memnet-model", "version": 1, "architecture": "memnet", "options": {}}
    (run / "model.json").write_text(json.dumps(record))
    Image.fromarray(natural_images(1, size=90)[0]).save(tmp_path / "photo.png")
    command = ["heatmap", str(tmp_path / "photo.png"), "--sizes", "227", "-o", str(tmp_path)]
    assert main([*command, "--model", str(run.parent)]) == 0
    array = np.load(tmp_path / "photo_heatmap.npy")
    wanted = heatmap(memnet.load(full_folder), tmp_path / "photo.png", sizes=[227])
    assert np.array_equal(array, wanted.scores)


@pytest.mark.parametrize("model", ["resmem", "resmem.pt"])
def test_command_refuses_resmem(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was said to hold no weights, or to be missing."""
    monkeypatch.chdir(tmp_path)
    torch.save({}, "resmem.pt")
    assert main(["heatmap", "photo.jpg", "--model", model]) == 2
    assert (
        f"{model} is ResMem; memorability maps are made by MemNet alone" in capsys.readouterr().err
    )


def test_command_that_fails_leaves_nothing(
    full_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.jpg").write_text("no picture")
    command = ["heatmap", str(tmp_path / "photo.jpg"), "--model", str(full_folder)]
    assert main([*command, "-o", str(tmp_path / "maps")]) == 2
    assert "photo.jpg: is not an image" in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (700, 2)])
def test_odd_shapes_have_a_map_and_an_overlay(
    full_model: memnet.MemNet, shape: tuple[int, int]
) -> None:
    grey = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    made = heatmap(full_model, grey, sizes=(259,))
    assert made.scores.shape == shape
    assert overlay(made).height >= shape[0]


def test_large_picture_is_worked_on_in_strips(
    found: Heatmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = blend(found)
    monkeypatch.setattr("memnet.heatmaps.heatmap.STRIP", 3000)
    assert [rows.start for rows in strips(25, 300)] == [0, 10, 20]
    assert np.array_equal(blend(found), whole)
    np.testing.assert_allclose(_averaged(found.cells, (211, 300)), found.scores, rtol=1e-6)
