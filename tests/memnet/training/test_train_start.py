"""Weights to begin with: a classification net from Caffe, a ResNet, an earlier run; and how the rest is drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_training import tiny
from torch import nn

from converter.errors import FileFormatError, InvalidNetError, WeightsError
from memnet.comparison.origins import of_run
from memnet.data import generate, load_data
from memnet.networks.architectures import build
from memnet.networks.resnet import ResNet
from memnet.training import train
from memnet.training.recipe import Start
from memnet.training.start import prepare, take
from memnet.v1_file import Numbers, to_v1, write_net
from protos import LayerParameter, NetParameter

WIDTH = {"width": 0.0625}
SMALL = {
    **WIDTH,
    "hidden": [16, 12],
    "resnet_blocks": [1, 1, 1, 1],
    "resnet_width": 4,
    "resnet_classes": 10,
}


def classification_net(model: nn.Module) -> dict[str, np.ndarray]:
    """The layers of a net like CaffeNet that MemNet is fine-tuned from: `fc8` has 7 classes."""
    generator = np.random.default_rng(3)
    shapes = {name: tuple(each.shape) for name, each in model.state_dict().items()}
    units = shapes.pop("fc8_euclidean.weight")[1]
    shapes |= {"fc8.weight": (7, units), "fc8.bias": (7,)}
    shapes.pop("fc8_euclidean.bias")
    return {
        name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }


def write_caffemodel(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An old file, whose inner products have four axes."""
    net, blobs = NetParameter(name="classes"), {}
    for layer in dict.fromkeys(name.partition(".")[0] for name in arrays):
        kind = "Convolution" if layer.startswith("conv") else "InnerProduct"
        net.layers.append(
            to_v1(LayerParameter(name=layer, type=kind, bottom=["data"], top=[layer]))
        )
        pair = arrays[f"{layer}.weight"], arrays[f"{layer}.bias"]
        blobs[layer] = tuple(
            Numbers(shape=(1,) * (4 - each.ndim) + each.shape, pieces=[each]) for each in pair
        )
    with path.open("wb") as file:
        for _ in write_net(file, net, blobs):
            pass


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    save_file({name: torch.from_numpy(each) for name, each in arrays.items()}, path)


def write_folder(path: Path, arrays: dict[str, np.ndarray]) -> None:
    path.mkdir()
    write_safetensors(path / "model.safetensors", arrays)


@pytest.mark.parametrize("write", [write_caffemodel, write_safetensors, write_folder])
def test_classification_net_gives_all_but_the_last_layer(
    tmp_path: Path, write: Callable[[Path, dict[str, np.ndarray]], None]
) -> None:
    model = build("memnet", WIDTH)
    arrays = classification_net(model)
    before = model.fc8_euclidean.weight.clone()
    write(tmp_path / "net", arrays)
    taken = take(model, str(tmp_path / "net"))
    assert taken.left == ("fc8_euclidean.weight", "fc8_euclidean.bias")
    assert {name.partition(" ")[0] for name in taken.unused} == {"fc8.weight", "fc8.bias"}
    assert "fc8.weight" in str(taken)
    state = model.state_dict()
    assert all(np.array_equal(state[name], arrays[name]) for name in taken.taken)
    assert len(taken.taken) == 14
    assert torch.equal(model.fc8_euclidean.weight, before)


@pytest.mark.parametrize("file", ["checkpoints/last.ckpt", "model/model.safetensors"])
def test_what_a_start_has_seen_is_kept_when_it_is_gone(tmp_path: Path, file: str) -> None:
    """A test image that only the start had been trained on was not marked."""
    first, second = (
        generate(tmp_path / name, layout, 20).spec
        for name, layout in (("lamem", "lamem"), ("memcat", "memcat"))
    )
    train(tiny("training.epochs=1"), [first], tmp_path / "first", quiet=True)
    start = f"start.weights={tmp_path / 'first' / file}"
    train(tiny("training.epochs=1", start), [second], tmp_path / "second", quiet=True)
    shutil.rmtree(tmp_path / "first")
    used = load_data(first, "train_1")
    found = of_run(tmp_path / "second/model")
    count = len(used)
    assert found.seen(used, used.rows) == f"seen in training: {count} of {count} images"
    assert "not known" not in found.trained_on


def test_unknown_start_with_an_output_is_not_passed_over(tmp_path: Path) -> None:
    data = generate(tmp_path / "data", "lamem", 20).spec
    recipe = tiny("training.epochs=1", f"start.weights={tmp_path / 'theirs.safetensors'}")
    model = build("memnet", WIDTH)
    save_file(model.state_dict(), tmp_path / "theirs.safetensors")
    train(recipe, [data], tmp_path / "whole", quiet=True)
    assert of_run(tmp_path / "whole/model").trained_on.endswith("theirs.safetensors (not known)")
    write_safetensors(tmp_path / "theirs.safetensors", classification_net(model))
    train(recipe, [data], tmp_path / "classes", quiet=True)
    assert of_run(tmp_path / "classes/model").trained_on.endswith("from theirs.safetensors")


def wrapped(state: dict[str, torch.Tensor]) -> object:
    return {"epoch": 3, "state_dict": {f"module.{name}": each for name, each in state.items()}}


@pytest.mark.parametrize("wrap", [dict, wrapped])
def test_resnet_goes_into_its_branch(tmp_path: Path, wrap: Callable[[dict], object]) -> None:
    torch.manual_seed(1)
    resnet = ResNet((1, 1, 1, 1), 4, 10)
    torch.save(wrap(resnet.state_dict()), tmp_path / "resnet.pth")
    model = build("resmem", SMALL)
    taken = take(model, str(tmp_path / "resnet.pth"))
    ours = model.features.state_dict()
    assert all(torch.equal(ours[name], each) for name, each in resnet.state_dict().items())
    assert len(taken.taken) == len(ours)
    assert not taken.unused
    assert all(not name.startswith("features.") for name in taken.left)


def test_resnet_with_other_classes_leaves_its_last_layer(tmp_path: Path) -> None:
    torch.save(ResNet((1, 1, 1, 1), 4, 12).state_dict(), tmp_path / "resnet.pth")
    taken = take(build("resmem", SMALL), str(tmp_path / "resnet.pth"))
    assert {name.partition(" ")[0] for name in taken.unused} == {
        "features.fc.weight",
        "features.fc.bias",
    }


def test_weights_of_nothing_alike_are_refused(tmp_path: Path) -> None:
    model = build("memnet", WIDTH)
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors")
    with pytest.raises(
        WeightsError, match=r"a\.safetensors: has nothing that fits .* it has a \(2,\)"
    ):
        take(model, str(tmp_path / "a.safetensors"))
    (tmp_path / "text").write_text("none")
    for name, match in (("text", "holds no weights"), ("absent", "there is no such file")):
        with pytest.raises(FileFormatError, match=match):
            take(model, str(tmp_path / name))
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileFormatError, match=r"folder: a folder without model\.safetensors"):
        take(model, str(tmp_path / "folder"))


@pytest.mark.parametrize(("name", "mean"), [("memnet", 0.7), ("resmem", 0.7)])
def test_first_scores_are_the_mean_score(name: str, mean: float) -> None:
    torch.manual_seed(1)
    model = build(name, WIDTH if name == "memnet" else SMALL).eval()
    prepare(model, Start(initialization="he", output="mean"), mean)
    data = torch.randn(3, 3, 227, 227) * (60 if name == "memnet" else 0.2)
    with torch.inference_mode():
        assert model(data).reshape(-1).tolist() == pytest.approx([mean] * 3, abs=1e-6)


def test_he_keeps_the_scale_through_the_layers() -> None:
    """Variance 2 / fan in: the second moment after each ReLU is that of its input (He et al. 2015, eq. 10)."""
    torch.manual_seed(1)
    layers = nn.Sequential(
        *(nn.Sequential(nn.Linear(500, 500), nn.ReLU()) for _ in range(6)), nn.Linear(500, 1)
    )
    prepare(layers, Start(initialization="he"), 0.5)
    data = torch.randn(200, 500)
    with torch.inference_mode():
        after = layers[:-1](data)
    assert float((after**2).mean() / (data**2).mean()) == pytest.approx(1, rel=0.35)


def test_caffes_initial_weights_are_its_examples() -> None:
    """models/bvlc_reference_caffenet/train_val.prototxt."""
    torch.manual_seed(1)
    model = build("memnet", {"width": 0.25})
    prepare(model, Start(initialization="caffe"), 0.5)
    expected = {"conv1": (0.01, 0), "conv2": (0.01, 1), "conv3": (0.01, 0), "conv4": (0.01, 1)}
    expected |= {
        "conv5": (0.01, 1),
        "fc6": (0.005, 1),
        "fc7": (0.005, 1),
        "fc8_euclidean": (0.01, 0),
    }
    for name, (deviation, bias) in expected.items():
        layer = model.get_submodule(name)
        assert float(layer.weight.detach().std()) == pytest.approx(deviation, rel=0.1), name
        assert torch.equal(layer.bias, torch.full_like(layer.bias, bias)), name
    with pytest.raises(InvalidNetError, match="'caffe' is MemNet's; take 'torch' or 'he'"):
        prepare(build("resmem", SMALL), Start(initialization="caffe"), 0.5)
