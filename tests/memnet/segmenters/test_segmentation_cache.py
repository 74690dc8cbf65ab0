"""The cache of maps: what is found again, what is not, several processes, damage and full disks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from converter.errors import FileFormatError, InvalidNetError, OutputError
from memnet.segmenters import Frozen, palette
from memnet.segmenters.cache import SegmentationCache, open_cache

SIZE = (227, 227)


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Pictures with areas, as maps of pictures have."""
    coarse = np.random.default_rng(seed).random((count, 3, 8, 8), np.float32)
    return np.repeat(np.repeat(coarse, 29, 2), 29, 3)[:, :, :227, :227].copy()


def unknown(count: int) -> torch.Tensor:
    return torch.full((count, *SIZE), 255, dtype=torch.uint8)


@pytest.fixture
def frozen() -> Frozen:
    return Frozen(palette())


@pytest.fixture
def cache(tmp_path: Path, frozen: Frozen) -> SegmentationCache:
    return open_cache(tmp_path / "maps", frozen)


def test_cached_maps_are_the_segmenters_bit_for_bit(
    cache: SegmentationCache, frozen: Frozen
) -> None:
    given = pictures(5)
    data = torch.from_numpy(given)
    assert [cache.get(each) for each in given] == [None] * 5
    made = cache.completed(frozen, data, unknown(5))
    assert torch.equal(made, frozen.labels(data))
    found = torch.stack([torch.from_numpy(cache.get(each)) for each in given])
    assert torch.equal(found, made)
    assert torch.equal(frozen.planes(data, found), frozen.planes(data))


def test_only_unknown_pictures_are_segmented(cache: SegmentationCache) -> None:
    class Counting(Frozen):
        seen = 0

        def labels(self, data: torch.Tensor) -> torch.Tensor:
            Counting.seen += len(data)
            return super().labels(data)

    counting, data = Counting(palette()), torch.from_numpy(pictures(4))
    known = unknown(4)
    known[2] = 3
    maps = cache.completed(counting, data, known)
    assert Counting.seen == 3 and (maps[2] == 3).all()
    assert cache.get(data[2].numpy()) is None
    assert torch.equal(cache.completed(counting, data, maps), maps)
    assert Counting.seen == 3


def test_mirrored_and_shifted_pictures_have_maps_of_their_own(
    cache: SegmentationCache, frozen: Frozen
) -> None:
    """A net's map of the mirrored picture need not be the mirrored map; so it is never taken for it."""
    picture = pictures(1)
    cache.completed(frozen, torch.from_numpy(picture), unknown(1))
    assert cache.get(picture[0]) is not None
    assert cache.get(picture[0, :, :, ::-1]) is None
    assert cache.get(np.roll(picture[0], 1, 2)) is None
    assert cache.get(picture[0] + np.float32(1 / 255)) is None
    assert (
        cache.get(np.ascontiguousarray(picture[0].transpose(0, 2, 1)).transpose(0, 2, 1))
        is not None
    )


def test_maps_are_small(cache: SegmentationCache, frozen: Frozen) -> None:
    cache.completed(frozen, torch.from_numpy(pictures(1)), unknown(1))
    (path,) = cache.folder.glob("*/*.map")
    assert path.stat().st_size < 227 * 227 / 10


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: __import__("zlib").compress(bytes(7)),
        lambda content: __import__("zlib").compress(bytes([13]) * (227 * 227)),
    ],
    ids=["cut", "empty", "flipped bit", "other size", "class beyond the segmenter's"],
)
def test_damaged_map_is_made_anew(cache: SegmentationCache, frozen: Frozen, damage) -> None:
    picture = pictures(1)
    data = torch.from_numpy(picture)
    made = cache.completed(frozen, data, unknown(1))
    (path,) = cache.folder.glob("*/*.map")
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(picture[0]) is None
    assert torch.equal(cache.completed(frozen, data, unknown(1)), made)
    assert np.array_equal(cache.get(picture[0]), made[0])


def test_each_segmenter_has_a_folder(tmp_path: Path, frozen: Frozen) -> None:
    other = palette()
    with torch.no_grad():
        other.nearest.bias[0] += 1
    one, two = open_cache(tmp_path, frozen), open_cache(tmp_path, Frozen(other))
    assert one.folder != two.folder and open_cache(tmp_path, frozen).folder == one.folder


def test_folder_of_something_else_is_refused(tmp_path: Path, frozen: Frozen) -> None:
    record = open_cache(tmp_path, frozen).folder / "segmenter.json"
    text = record.read_text()
    record.write_text(json.dumps(json.loads(text) | {"version": 0}))
    with pytest.raises(
        FileFormatError, match=r"segmenter\.json: is of another segmenter or version"
    ):
        open_cache(tmp_path, frozen)
    record.write_text(text[:20])
    with pytest.raises(FileFormatError, match=r"cannot be read .*remove it"):
        open_cache(tmp_path, frozen)
    with pytest.raises(InvalidNetError, match="maps are 'softmax': take 'one-hot', or no cache"):
        open_cache(tmp_path, Frozen(palette(), maps="softmax"))


FULL = """
import resource, sys
import numpy as np, torch
from memnet.segmenters.cache import open_cache
from memnet.segmenters import Frozen, palette
frozen = Frozen(palette())
cache = open_cache(sys.argv[1], frozen)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
noise = torch.from_numpy(np.random.default_rng(0).random((1, 3, 227, 227), np.float32))
try:
    cache.completed(frozen, noise, torch.full((1, 227, 227), 255, dtype=torch.uint8))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files refuses the write as a full disk does."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (
        told.startswith("OutputError")
        and "the map cache cannot be written (File too large)" in told
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["segmenter.json"]


def test_folder_that_cannot_be_made_is_told(tmp_path: Path, frozen: Frozen) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"the map cache cannot be written .*give another folder"):
        open_cache(tmp_path / "file", frozen)


SHARING = """
import sys, time
import numpy as np, torch
from memnet.segmenters.cache import open_cache
from memnet.segmenters import Frozen, palette
torch.set_num_threads(1)
frozen = Frozen(palette())
cache = open_cache(sys.argv[1], frozen)
data = torch.from_numpy(np.load(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for at in range(len(data)):
    cache.completed(frozen, data[at : at + 1], torch.full((1, 227, 227), 255, dtype=torch.uint8))
    assert np.array_equal(cache.get(data[at].numpy()), frozen.labels(data[at : at + 1])[0])
"""


def test_processes_share_a_folder(tmp_path: Path, frozen: Frozen) -> None:
    """Two write the same maps at the same time; nobody ever reads half a map."""
    given = pictures(12)
    np.save(tmp_path / "data.npy", given)
    command = [sys.executable, "-c", SHARING, str(tmp_path / "maps"), str(tmp_path / "data.npy")]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.communicate("go\n")
    assert [each.returncode for each in running] == [0, 0]
    cache = open_cache(tmp_path / "maps", frozen)
    assert all(cache.get(each) is not None for each in given)
    assert len([path for path in cache.folder.rglob("*") if path.is_file()]) == 13
