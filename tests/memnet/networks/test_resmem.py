"""ResMem: the graph, the loading, and (slow) the released weights on 18 pictures against the released package."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import memnet
from converter.errors import FileFormatError, WeightsError
from memnet.choice import Choice, sha256
from memnet.features import caught, module_of
from memnet.network import Network
from memnet.networks.resmem import (
    SHA256,
    ResMem,
    ResMemLicenseWarning,
    installed_weights,
    load_resmem,
)
from memnet.networks.resmem_preprocess import ResMemPreprocess

SCORE_LIMIT = 1e-6
"""Float32 against float32 through 158 layers; float64 differs from either by 3e-7."""


def reference(shared: Path) -> list[dict[str, object]]:
    return json.loads((shared / "memorability/resmem/reference.json").read_text())["scores"]


def pictures(shared: Path) -> list[Path]:
    folder = shared / "memorability/resmem/images"
    return [folder / str(record["image"]) for record in reference(shared)]


@pytest.fixture(scope="module")
def meta() -> ResMem:
    with torch.device("meta"):
        return ResMem().eval()


def test_state_dict_is_the_released_ones(shared: Path, meta: ResMem) -> None:
    listed = (shared / "memorability/resmem/state_dict.txt").read_text().splitlines()
    ours = [
        f"{key}\t{tuple(value.shape)}\t{value.dtype}" for key, value in meta.state_dict().items()
    ]
    assert sorted(ours) == sorted(listed)


def test_blobs_have_the_graphs_shapes(meta: ResMem) -> None:
    shapes = {"conv1": (48, 55, 55), "conv5": (256, 13, 13), "logits": (1000,), "fc7": (4096,)}
    shapes |= {"fc11": (256,), "score": (1,), "features.layer4": (2048, 8, 8)}
    with ExitStack() as stack:
        seen = {blob: stack.enter_context(caught(module_of(meta, blob))) for blob in shapes}
        assert meta(torch.empty(2, 3, 227, 227, device="meta")).shape == (2, 1)
    assert {blob: outputs[0].shape[1:] for blob, outputs in seen.items()} == shapes


def test_inputs_are_the_packages_bitwise(shared: Path) -> None:
    for path, record in zip(pictures(shared), reference(shared), strict=True):
        with Image.open(path) as image:
            fed = ResMemPreprocess()(np.asarray(image.convert("RGB")))
        assert hashlib.sha256(fed.tobytes()).hexdigest() == record["tensor_sha256"], path.name


def test_ten_crops_are_cut_from_one_resized_picture() -> None:
    image = np.random.default_rng(3).integers(0, 256, (301, 203, 3), np.uint8)
    ten = ResMemPreprocess().crops(image, "ten")
    assert ten.shape == (10, 3, 227, 227)
    assert np.array_equal(ten[4], ResMemPreprocess()(image))
    assert np.array_equal(ten[5:], ten[:5, :, :, ::-1])
    assert ten.min() >= 0 and ten.max() <= 1


WRONG = (
    r"(?s)does not hold ResMem's weights:.*missing: conv1\.bias \(48,\)"
    r".*wrong shape: conv1\.weight has \(48, 3, 11, 12\)"
)


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        ({"conv1.weight": torch.zeros(48, 3, 11, 12)}, WeightsError, WRONG),
        ([1, 2], FileFormatError, "no state dict"),
        (np.float64, FileFormatError, "no PyTorch file of tensors alone"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, content: object, error: type[Exception], match: str
) -> None:
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(error, match=match):
        load_resmem(path)


def test_checkpoint_is_not_its_runs_model(tmp_path: Path) -> None:
    """All of ResMem's keys were listed as missing."""
    path = tmp_path / "checkpoints" / "best.ckpt"
    path.parent.mkdir()
    (tmp_path / "recipe.toml").touch()
    torch.save({"state_dict": {"model.conv1.bias": torch.zeros(48)}}, path)
    with pytest.raises(FileFormatError, match=rf"best\.ckpt: is a checkpoint.*its run, {tmp_path}"):
        load_resmem(path)


def test_pickle_that_runs_code_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save(Bomb(), tmp_path / "model.pt")
    with pytest.raises(FileFormatError, match=r"model\.pt: is no PyTorch file of tensors alone"):
        load_resmem(tmp_path / "model.pt")
    assert not (tmp_path / "ran").exists()


def test_absent_package_is_told_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_name: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.files", absent)
    with pytest.raises(FileFormatError, match="pip install --no-deps resmem"):
        installed_weights()


@pytest.fixture(scope="module")
def weights() -> Path:
    """The released weights in the installed wheel; .ci/run installs it before the slow tests."""
    try:
        installed = files("resmem")
    except PackageNotFoundError:
        installed = None
    if not installed:
        message = "needs the package resmem==1.1.6: pip install --no-deps resmem==1.1.6"
        pytest.fail(message) if os.environ.get("REQUIRE_SHARED") else pytest.skip(message)
    return installed_weights()


@pytest.mark.slow
def test_released_weights_give_the_released_scores(shared: Path, weights: Path) -> None:
    assert sha256(weights) == SHA256
    with pytest.warns(ResMemLicenseWarning, match="ResMem Non-commercial License"):
        model = memnet.load_resmem()
    expected = np.array([record["score"] for record in reference(shared)])
    for settings in ({"batch_size": 1}, {"batch_size": 7, "workers": 1}):
        found = memnet.predict(model, pictures(shared), **settings)
        np.testing.assert_allclose(found, expected, rtol=0, atol=SCORE_LIMIT)
    ten = memnet.predict(model, pictures(shared)[:1], "ten")
    assert abs(ten[0] - expected[0]) < 0.1
    network = Network(model=model, rule=model.preprocess, features="score")
    assert network.run(
        [network.fed(np.asarray(Image.open(pictures(shared)[0])))]
    ).features.shape == (1, 1)


@pytest.mark.slow
def test_file_of_the_weights_is_a_model_by_itself(weights: Path) -> None:
    choice = Choice(model=str(weights))
    assert choice.is_resmem
    assert Choice(model="resmem").path == weights
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResMemLicenseWarning)
        network = choice.network()
    identity = choice.identity(network)
    assert (identity.model, identity.weights_sha256) == ("resmem", SHA256)
