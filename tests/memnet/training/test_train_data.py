"""What a run sees: mixtures and splits, the order over devices and epochs, crops, images that cannot be read."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from converter import Preprocess
from converter.errors import FileFormatError
from memnet.data import Generated, generate, load_data
from memnet.network import Network
from memnet.networks.resmem_preprocess import ResMemPreprocess
from memnet.training import mixture as mixtures
from memnet.training.errors import TrainingError
from memnet.training.loaders import steps_in_epoch
from memnet.training.mixture import Example, mix
from memnet.training.order import Batches, Shard
from memnet.training.pictures import Augmentation, Pictures, collate, unreadable
from memnet.training.recipe import Data, Recipe, Training

RULES = {
    "preprocess": Preprocess(
        crop=(227, 227), resize=(256, 256), mean=np.ones((3, 1, 1), np.float32)
    ),
    "resmem": ResMemPreprocess(),
}


@pytest.fixture(scope="module")
def lamem(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("data") / "lamem", "lamem", 45, truncated=True)


@pytest.fixture(scope="module")
def memcat(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(tmp_path_factory.mktemp("data") / "memcat", "memcat", 30)


def test_lamem_keeps_its_own_split_and_others_give_a_share(
    lamem: Generated, memcat: Generated
) -> None:
    found = mix(Data(sources=(lamem.spec, memcat.spec), split=2, validation_share=0.2), seed=3)
    expected = {f"LaMem/{item.name}" for item in load_data(lamem.spec, "train_2")}
    assert {each.label for each in found.train if each.label.startswith("LaMem")} == expected
    assert [(part.data, part.split, part.n) for part in found.trained_on] == [
        ("LaMem", "train_2", 30),
        ("MemCat", "all but held out", 24),
    ]
    assert [(part.data, part.split, part.n) for part in found.validated_on] == [
        ("LaMem", "val_2", 6),
        ("MemCat", "held out", 6),
    ]
    assert all(part.synthetic for part in (*found.trained_on, *found.validated_on))
    assert found.seen.count("\n") == 66
    assert not {each.label for each in found.train} & {each.label for each in found.validation}


def test_mixture_is_split_at_random_by_the_seed(lamem: Generated, memcat: Generated) -> None:
    data = Data(sources=(lamem.spec, memcat.spec), validation="random", validation_count=20)
    one, same, other = (mix(data, seed) for seed in (1, 1, 2))
    assert (len(one.train), len(one.validation)) == (55, 20)
    assert one == same
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert {part.data for part in one.validated_on} == {"LaMem", "MemCat"}


def test_published_mixture_is_63741_and_5000(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shared / "memorability/lamem-splits", tmp_path / "splits")
    shutil.copy(shared / "memorability/memcat_image_data.csv", tmp_path)
    monkeypatch.setattr(mixtures, "load_data", partial(load_data, check_images=False))
    sources = (f"lamem:{tmp_path}", f"memcat:{tmp_path}")
    found = mix(Data(sources=sources, validation="random", validation_count=5000), seed=0)
    assert (len(found.train), len(found.validation)) == (63_741, 5_000)
    assert 650 < sum(part.n for part in found.validated_on if part.data == "MemCat") < 810  # 727


def test_validation_data_of_ones_own(lamem: Generated, memcat: Generated) -> None:
    found = mix(Data(sources=(memcat.spec,), validation_sources=(lamem.spec,)), seed=0)
    assert (len(found.train), len(found.validation)) == (30, 45)
    with pytest.raises(FileFormatError, match="30 images are for training and for validation"):
        mix(Data(sources=(memcat.spec,), validation_sources=(memcat.spec,)), seed=0)


def test_other_data_are_refused(memcat: Generated) -> None:
    with pytest.raises(FileFormatError, match="no data to train on; give --data lamem:DIR"):
        mix(Data(), seed=0)
    with pytest.raises(FileFormatError, match="hold 30 images, of which 5,000 shall be for valid"):
        mix(Data(sources=(memcat.spec,), validation="random"), seed=0)
    with pytest.raises(FileFormatError, match="one image for validation has no rank"):
        mix(Data(sources=(memcat.spec,), validation_share=0.03), seed=0)
    mixture = mix(Data(sources=(memcat.spec,)), seed=0)
    with pytest.raises(TrainingError, match="27 training images are fewer than one step takes, 64"):
        steps_in_epoch(mixture, Recipe(training=Training(batch_size=32, accumulate=2)))


def test_batches_of_two_devices_are_those_of_one_with_twice_the_batch() -> None:
    whole = Batches(29, 6, seed=4)
    parts = [Batches(29, 3, seed=4, world=2, rank=rank) for rank in (0, 1)]
    for epoch in (0, 1):
        for each in (whole, *parts):
            each.set_epoch(epoch)
        joined = [[*one, *two] for one, two in zip(*parts, strict=True)]
        assert joined == list(whole)
        assert [each.steps for each in (whole, *parts)] == [4, 4, 4]


def test_epochs_differ_and_each_shows_an_image_once() -> None:
    batches = Batches(20, 4, seed=4)
    shown = []
    for epoch in (0, 1):
        batches.set_epoch(epoch)
        shown.append([index for batch in batches for _, index in batch])
    assert sorted(shown[0]) == sorted(shown[1]) == list(range(20))
    assert shown[0] != shown[1]


def test_order_goes_on_inside_an_epoch_and_the_next_is_whole() -> None:
    whole, rest = Batches(20, 4, seed=4), Batches(20, 4, seed=4, start=(1, 3))
    whole.set_epoch(1)
    assert list(rest) == list(whole)[3:]
    assert len(rest) == 5
    for each in (whole, rest):
        each.set_epoch(2)
    assert list(rest) == list(whole)


def test_only_whole_steps_are_taken() -> None:
    assert len(Batches(29, 3, seed=0, accumulate=4)) == 8
    assert Batches(29, 3, seed=0, accumulate=4).steps == 2


def test_validation_shows_every_image_once() -> None:
    shown = [
        key for rank in range(3) for batch in Shard(11, 2, world=3, rank=rank) for key in batch
    ]
    assert sorted(index for _, index in shown) == list(range(11))
    assert [len(Shard(11, 2, world=3, rank=rank)) for rank in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("name", RULES)
def test_centre_crop_is_what_predict_feeds(memcat: Generated, name: str) -> None:
    rule = RULES[name]
    pictures = Pictures([Example(path=memcat.images[7], score=0.5, label="a/b")], rule)
    network = Network(model=torch.nn.Identity(), rule=rule)
    with Image.open(memcat.images[7]) as image:
        expected = network.fed(np.asarray(image.convert("RGB")))[0]
    for _ in range(2):
        np.testing.assert_array_equal(pictures[0, 0][0].numpy(), expected)
        pictures.hold()


@pytest.mark.parametrize("name", RULES)
def test_random_crops_and_mirrors_are_parts_of_the_resized_picture(
    memcat: Generated, name: str
) -> None:
    """Each is found in the picture as `predict` resizes it, and depends on (seed, epoch, image) alone."""
    rule = RULES[name]
    examples = [Example(path=memcat.images[at], score=0.5, label=f"a/{at}") for at in (7, 8)]
    how = Augmentation(seed=6, random_crop=True, mirror=True)
    pictures, again = Pictures(examples, rule, how), Pictures(examples, rule, how)
    whole = Network(model=torch.nn.Identity(), rule=rule, crops="ten").fed(
        np.asarray(Image.open(memcat.images[7]).convert("RGB"))
    )
    canvas = np.zeros((3, 256, 256), np.float32)
    for crop, (top, left) in zip(whole[:4], [(0, 0), (0, 29), (29, 0), (29, 29)], strict=True):
        canvas[:, top : top + 227, left : left + 227] = crop
    places, mirrored = set(), 0
    for epoch in range(12):
        fed = pictures[epoch, 0][0].numpy()
        np.testing.assert_array_equal(fed, again[epoch, 0][0].numpy())
        upright = [each for each in (fed, fed[:, :, ::-1]) if _place(canvas, each)]
        assert len(upright) == 1
        mirrored += upright[0] is not fed
        places.add(_place(canvas, upright[0]))
    assert len(places) > 9
    assert 0 < mirrored < 12


def _place(canvas: np.ndarray, fed: np.ndarray) -> tuple[int, int] | None:
    """Where in the canvas the crop is, if anywhere."""
    corner = fed[:, :3, :3]
    for top, left in np.argwhere(canvas[0, :30, :30] == fed[0, 0, 0]):
        if np.array_equal(canvas[:, top : top + 3, left : left + 3], corner) and np.array_equal(
            canvas[:, top : top + 227, left : left + 227], fed
        ):
            return int(top), int(left)
    return None


def test_unreadable_images_are_found_by_decoding(lamem: Generated, tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    paths = [lamem.images[0], lamem.truncated[0], tmp_path / "page.jpg", tmp_path / "absent.jpg"]
    examples = [Example(path=path, score=0.5, label=str(path)) for path in paths]
    assert list(unreadable(examples, decode=True)) == paths[1:]
    assert list(unreadable(examples, decode=False)) == paths[2:]  # a header says nothing of the end
    pictures = Pictures(examples, RULES["resmem"])
    with pytest.raises(FileFormatError, match=r"(?s)truncated.*page\.jpg: is not an image.*absent"):
        pictures.hold()
    batch = collate([pictures[0, at] for at in (0, 1, 2)])
    assert [Path(error.split(": ")[0]) for error in batch.errors] == paths[1:3]
