"""`memnet.load`: one result from every kind of file, and one message with all that is wrong."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path

import h5py
import memnet_rule as rule
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import memnet
from converter.errors import FileFormatError, InvalidNetError, WeightsError
from memnet.model import MemNet
from memnet.v1_file import Numbers, to_v1, write_net
from protos import LayerParameter, NetParameter


def bitwise_equal(one: MemNet, other: MemNet) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def write_v1(path: Path, shapes: dict[str, tuple[tuple[int, ...], ...]]) -> Path:
    net = NetParameter(name="odd")
    for name in shapes:
        net.layers.append(
            to_v1(LayerParameter(name=name, type="InnerProduct", bottom=["data"], top=[name]))
        )
    blobs = {
        name: tuple(Numbers(shape=shape, pieces=[np.ones(shape, np.float32)]) for shape in given)
        for name, given in shapes.items()
    }
    with path.open("wb") as file:
        for _ in write_net(file, net, blobs):
            pass
    return path


def test_caffemodel_gives_the_rules_numbers_in_eval_mode(full_model: MemNet) -> None:
    assert type(full_model) is memnet.MemNet
    assert not full_model.training
    assert all(parameter.requires_grad for parameter in full_model.parameters())
    for index, (name, _) in enumerate(rule.LEARNABLE):
        layer = full_model.get_submodule(name.replace("-", "_"))
        weight, bias = rule.numbers(index)
        assert layer.weight.detach().numpy().tobytes() == weight.tobytes()
        assert layer.bias.detach().numpy().tobytes() == bias.tobytes()


def test_converted_folder_and_safetensors_give_the_same(
    full_model: MemNet, full_folder: Path
) -> None:
    folder = memnet.load(full_folder)
    assert bitwise_equal(full_model, folder)
    assert bitwise_equal(full_model, memnet.load(str(full_folder / "model.safetensors")))
    np.testing.assert_array_equal(vars(folder)["preprocess"].mean, rule.mean_bgr())


def test_hdf5_gives_the_same(full_model: MemNet, tmp_path: Path) -> None:
    path = tmp_path / "memnet.caffemodel.h5"
    with h5py.File(path, "w") as file:
        for index, (name, _) in enumerate(rule.LEARNABLE):
            for at, array in enumerate(rule.numbers(index)):
                file[f"data/{name}/{at}"] = array
    assert bitwise_equal(full_model, memnet.load(path))
    path.unlink()


def test_folders_model_py_is_not_run(full_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit('was run')")
    (tmp_path / "model.safetensors").symlink_to(full_folder / "model.safetensors")
    model = memnet.load(tmp_path)
    assert vars(model)["preprocess"] is None


def test_written_parameters_do_not_reach_the_file(full_folder: Path) -> None:
    path = full_folder / "model.safetensors"
    with path.open("rb") as file:
        before = file.read(1 << 20)
    model = memnet.load(path)
    with torch.no_grad():
        model.conv1.weight.fill_(0)
    with path.open("rb") as file:
        assert file.read(1 << 20) == before


def test_narrower_caffemodel_lists_every_wrong_shape(shared: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        memnet.load(shared / "goldens/nets/memnet_thin/net.caffemodel")
    message = str(caught.value)
    assert message.count("wrong shape: ") == 15  # all blobs but the bias of the one output
    assert "layer 'conv1': blob 0 has shape (12, 3, 11, 11)" in message
    assert "missing" not in message
    assert "unexpected" not in message


def test_caffemodel_with_everything_wrong_lists_all_sorted(tmp_path: Path) -> None:
    shapes = {
        "fc8-euclidean": ((1, 4096), (1,), (3,)),
        "conv1": ((96, 3, 11, 11), (95,)),
        "conv2": ((256, 48, 5, 5),),
        "fc9": ((2, 7),),
    }
    with pytest.raises(WeightsError) as caught:
        memnet.load(write_v1(tmp_path / "odd.caffemodel", shapes))
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("odd.caffemodel: does not hold MemNet's weights:")
    missing = [line for line in lines if line.startswith("  missing: ")]
    assert missing == sorted(missing)
    assert len(missing) == 11
    assert "  missing: layer 'conv2': blob 1, bias (256,)" in missing
    assert [line for line in lines if line.startswith("  unexpected: ")] == [
        "  unexpected: layer 'fc8-euclidean': blob 2 (1, 1, 1, 3)",
        "  unexpected: layer 'fc9': blob 0 (2, 7)",
    ]
    wrong = [line for line in lines if line.startswith("  wrong shape: ")]
    assert wrong == [
        "  wrong shape: layer 'conv1': blob 1 has shape (1, 1, 1, 95) in the file, the net needs (96,)"
    ]


def test_layer_that_memnet_lacks_is_refused_even_where_all_others_fit(
    full_file: Path, tmp_path: Path
) -> None:
    stray = write_v1(tmp_path / "stray", {"fc9": ((2, 7),)})
    more = tmp_path / "more.caffemodel"
    more.write_bytes(full_file.read_bytes() + stray.read_bytes())  # messages merge
    with pytest.raises(WeightsError, match=r"unexpected: layer 'fc9': blob 0 \(2, 7\)"):
        memnet.load(more)
    more.unlink()


def test_safetensors_with_everything_wrong_lists_all(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"conv1.weight": torch.zeros(96, 3, 11, 7), "fc9.bias": torch.zeros(2)}, path)
    with pytest.raises(WeightsError) as caught:
        memnet.load(path)
    message = str(caught.value)
    assert message.count("\n  missing: ") == 15
    assert "\n  unexpected: fc9.bias (2,)" in message
    assert "\n  wrong shape: conv1.weight has (96, 3, 11, 7), needs (96, 3, 11, 11)" in message


def save_memnet(path: Path, **other: torch.Tensor) -> Path:
    with torch.device("meta"):
        shapes = {key: tensor.shape for key, tensor in MemNet().state_dict().items()}
    state = {key: torch.zeros(shape, dtype=torch.float16) for key, shape in shapes.items()}
    save_file(state | other, path)
    return path


def test_half_precision_safetensors_become_float32(tmp_path: Path) -> None:
    path = save_memnet(tmp_path / "half.safetensors")
    assert {p.dtype for p in memnet.load(path).parameters()} == {torch.float32}
    path.unlink()


def test_integer_weights_are_refused(tmp_path: Path) -> None:
    bias = torch.zeros(96, dtype=torch.int64)
    path = save_memnet(tmp_path / "ints.safetensors", **{"conv1.bias": bias})
    with pytest.raises(WeightsError, match=r"floating point numbers, found: conv1\.bias is I64"):
        memnet.load(path)
    path.unlink()


def test_damaged_safetensors_is_told(full_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    with (full_folder / "model.safetensors").open("rb") as file:
        path.write_bytes(file.read(100_000))
    with pytest.raises(FileFormatError, match=r"cut\.safetensors: is a damaged safetensors file"):
        memnet.load(path)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('was run')",)


ODD_FILES = {
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:3ee5\nsize 227491118\n",
        "Git LFS",
    ),
    "empty": (b"", "an empty file"),
    "pickle": (pickle.dumps(Bomb()), "Python pickle, which is not opened"),
    "page": (b"<!DOCTYPE html><html><title>Sign in</title></html>", 'a web page.*"Sign in"'),
    "text": (
        b'name: "MemNet"\nlayer { name: "a" }\n',
        "holds no weights: it is a Caffe net as text",
    ),
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_odd_file_is_named(name: str, tmp_path: Path) -> None:
    content, match = ODD_FILES[name]
    path = tmp_path / "memnet.caffemodel"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"memnet\.caffemodel: .*{match}"):
        memnet.load(path)


def test_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"a folder without model\.safetensors"):
        memnet.load(tmp_path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.caffemodel: .*missing"):
        memnet.load(tmp_path / "none.caffemodel")


def test_mean_of_the_wrong_size_is_refused(full_file: Path) -> None:
    with pytest.raises(InvalidNetError, match=r"mean has shape \(3, 200, 200\)"):
        memnet.load(full_file, mean=np.zeros((3, 200, 200), np.float32))


def test_folder_without_a_mean_has_no_preprocessing_of_its_own(
    full_folder: Path, tmp_path: Path
) -> None:
    config = json.loads((full_folder / "preprocessor_config.json").read_text())
    config |= {"mean_file": None, "image_mean": [0.0] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").symlink_to(full_folder / "model.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # loading says nothing; scoring will
        assert vars(memnet.load(tmp_path))["preprocess"] is None


@pytest.fixture
def folder(full_folder: Path, tmp_path: Path) -> Path:
    """A converted folder whose configuration may be changed."""
    (tmp_path / "model.safetensors").symlink_to(full_folder / "model.safetensors")
    for name in ("preprocessor_config.json", "mean.npy"):
        (tmp_path / name).write_bytes((full_folder / name).read_bytes())
    return tmp_path


def configured(folder: Path, **changes: object) -> Path:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_mean_replaces_the_folders_mean_alone(folder: Path) -> None:
    """Its rule of resizing, ten crops and scale were lost."""
    changes = {"resize_rule": "opencv", "ten_crop": "matlab", "rescale_factor": 0.5}
    size, means = {"height": 300, "width": 280}, [4.0, 5.0, 6.0]
    configured(folder, **changes, size=size, mean_file=None, image_mean=means)
    prep = vars(memnet.load(folder, mean=np.full((3, 1, 1), 7, np.float32)))["preprocess"]
    assert prep.mean.ravel().tolist() == [7, 7, 7]
    assert (prep.rule, prep.ten_crop, prep.scale, prep.resize) == (
        "opencv", "matlab", 0.5, (300, 280)
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 256, 256)])
def test_mean_for_a_folder_without_one_brings_memnets_size(
    folder: Path, shape: tuple[int, ...]
) -> None:
    """Converted without a mean image, a folder resizes straight to 227 x 227."""
    straight = {"height": 227, "width": 227}
    configured(folder, mean_file=None, size=straight, ten_crop="matlab")
    prep = vars(memnet.load(folder, mean=np.zeros(shape, np.float32)))["preprocess"]
    assert (prep.resize, prep.crop, prep.ten_crop) == ((256, 256), (227, 227), "matlab")


def test_safetensors_whose_length_begins_like_a_pickle_is_none(tmp_path: Path) -> None:
    """A header of 0x380 bytes begins with a pickle's first two; it was refused as one."""
    path = tmp_path / "odd.safetensors"
    header = b'{"__metadata__":{"format":"pt"}}'.ljust(0x380)
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(WeightsError, match=r"missing: conv1\.bias \(96,\)"):
        memnet.load(path)
