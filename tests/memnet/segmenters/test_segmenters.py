"""Segmenters: what each adapter feeds its net and reads from it, and that a frozen one stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from converter import tolerance
from converter.cli import main
from converter.errors import FileFormatError, InvalidNetError, UnsupportedError
from memnet.segmenters import (
    Frozen,
    converted,
    find_segmenter,
    hugging_face,
    palette,
    plain,
    torchvision_style,
)
from memnet.segmenters.adapter import IMAGENET_DEVIATION, IMAGENET_MEAN
from memnet.segmenters.palette import _colours

CLASSES = 5


class Colours(nn.Module):
    """A net of a convolution with stride 2 and batch statistics, which keeps what it was fed."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.conv = nn.Conv2d(3, classes, 3, 2, padding=1)
        self.norm = nn.BatchNorm2d(classes)
        self.drop = nn.Dropout(0.5)
        self.fed = torch.empty(0)

    def forward(self, data: Tensor) -> Tensor:
        self.fed = data
        return self.drop(self.norm(self.conv(data)))


class InDict(Colours):
    def forward(self, data: Tensor) -> Mapping[str, Tensor]:
        return {"out": super().forward(data), "aux": torch.zeros(1)}


class WithLogits(Colours):
    config = SimpleNamespace(num_labels=CLASSES)

    def forward(self, pixel_values: Tensor) -> SimpleNamespace:
        return SimpleNamespace(loss=None, logits=super().forward(pixel_values))


class WithQueries(nn.Module):
    """As Mask2Former returns it: 100 queries, `num_labels` classes and "no object", masks of a quarter of the size."""

    config = SimpleNamespace(num_labels=7)

    def forward(self, pixel_values: Tensor) -> SimpleNamespace:
        torch.manual_seed(8)
        count, height, width = (
            len(pixel_values),
            *(-(-side // 4) for side in pixel_values.shape[2:]),
        )
        return SimpleNamespace(
            class_queries_logits=torch.randn(count, 100, 8),
            masks_queries_logits=3 * torch.randn(count, 100, height, width),
            auxiliary_logits=None,
        )


class Downsampling(Colours):
    """Refuses sides that are no multiple of 8, as segmentation-models-pytorch does."""

    def forward(self, data: Tensor) -> Tensor:
        if any(side % 8 for side in data.shape[2:]):
            raise RuntimeError("wrong input shape")
        return super().forward(data)


def pictures(count: int = 2, height: int = 61, width: int = 43) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "segmenter",
    [
        plain(Colours(), CLASSES),
        torchvision_style(InDict(), CLASSES),
        hugging_face(WithLogits()),
    ],
    ids=["plain", "torchvision", "hugging face"],
)
def test_adapters_normalise_as_imagenet_and_find_the_logits(segmenter: nn.Module) -> None:
    segmenter.eval()
    logits = segmenter(pictures())
    assert logits.shape == (2, CLASSES, 31, 22)
    mean, deviation = (np.float32(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    np.testing.assert_allclose(
        segmenter.net.fed, (pictures().numpy() - mean) / deviation, rtol=1e-5
    )
    net = segmenter.net
    assert torch.equal(logits, net.norm(net.conv(net.fed)))


def test_queries_give_the_sum_over_masks_and_class_chances() -> None:
    """Against the formula in NumPy, on masks that already have the picture's size."""
    net = WithQueries()
    segmenter = hugging_face(net)
    assert segmenter.num_classes == 7
    logits = segmenter(pictures(2, 1, 1)).numpy()
    output = net(pictures(2, 1, 1))
    classes = output.class_queries_logits.double().numpy()
    chances = np.exp(classes) / np.exp(classes).sum(2, keepdims=True)
    masks = 1 / (1 + np.exp(-output.masks_queries_logits.double().numpy()))
    expected = np.zeros((2, 7, 1, 1))
    for query in range(100):
        expected += chances[:, query, :7, None, None] * masks[:, query, None]
    np.testing.assert_allclose(np.exp(logits), expected, rtol=1e-5)
    assert segmenter(pictures()).shape == (2, 7, 61, 43)


def test_padding_reaches_the_stride_and_is_cut_off_again() -> None:
    segmenter = plain(Downsampling(), CLASSES, stride=8).eval()
    assert segmenter(pictures()).shape == (2, CLASSES, 61, 43)
    fed = segmenter.net.fed
    assert fed.shape == (2, 3, 64, 48)
    assert torch.equal(fed[:, :, :61, 47], segmenter.normalized(pictures())[:, :, :, 42])
    with pytest.raises(RuntimeError, match="wrong input shape"):
        plain(Downsampling(), CLASSES)(pictures())


@pytest.mark.parametrize(
    ("segmenter", "match"),
    [
        (torchvision_style(Colours(), CLASSES), "returns Tensor; a dict with 'out' is needed"),
        (plain(InDict(), CLASSES), "returns dict of out, aux; a tensor is needed"),
        (hugging_face(Colours(), CLASSES), "an object with logits, or class_queries_logits"),
        (plain(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), 3), r"gives \(2, 3\), no map"),
        (plain(Colours(), 4), r"says 4 classes and gives \(2, 5, 31, 22\)"),
    ],
)
def test_wrong_outputs_are_named(segmenter: nn.Module, match: str) -> None:
    with pytest.raises(InvalidNetError, match=match):
        Frozen(segmenter).labels(pictures())


@pytest.mark.parametrize(
    ("segmenter", "maps", "match"),
    [
        (lambda data: data, "one-hot", r"must be a torch\.nn\.Module"),
        (plain(Colours(1), 1), "one-hot", "has 1 classes; a map can hold 2 to 255"),
        (plain(Colours(), 256), "one-hot", "has 256 classes"),
        (palette(), "hard", "maps is 'hard'; it may be 'one-hot' or 'softmax'"),
    ],
)
def test_what_cannot_be_frozen_is_refused(segmenter: nn.Module, maps: str, match: str) -> None:
    with pytest.raises(InvalidNetError, match=match):
        Frozen(segmenter, maps=maps)


def test_frozen_maps_are_the_argmax_and_the_chances_of_resized_logits() -> None:
    """The resize against SciPy's, which takes half-pixel centres and holds the edges, too."""
    from scipy.ndimage import map_coordinates

    frozen, data = Frozen(plain(Colours(), CLASSES)), pictures(1)
    coarse = frozen.module(data)[0].double().numpy()
    y, x = ((np.arange(n) + 0.5) * m / n - 0.5 for n, m in ((61, 31), (43, 22)))
    grid = np.meshgrid(y, x, indexing="ij")
    fine = np.stack([map_coordinates(plane, grid, order=1, mode="nearest") for plane in coarse])
    labels = frozen.labels(data)
    assert labels.dtype == torch.uint8
    assert np.mean(labels[0].numpy() != fine.argmax(0)) < 1e-3  # two classes may tie
    planes = frozen.planes(data)
    assert torch.equal(planes.argmax(1), labels.long()) and torch.equal(
        planes.sum(1), torch.ones_like(planes[:, 0])
    )
    chances = Frozen(plain(Colours(), CLASSES), maps="softmax").planes(data)[0]
    np.testing.assert_allclose(chances, np.exp(fine) / np.exp(fine).sum(0), atol=1e-5)


def test_known_maps_are_taken_and_unknown_ones_made() -> None:
    frozen, data = Frozen(palette()), pictures(3)
    known = torch.full((3, 61, 43), 255, dtype=torch.uint8)
    known[1] = 4
    planes = frozen.planes(data, known)
    assert torch.equal(planes[1, 4], torch.ones(61, 43))
    assert torch.equal(planes[::2], frozen.planes(data[::2]))
    assert (known[0] == 255).all()
    with pytest.raises(InvalidNetError, match=r"maps of shape \(3, 60, 43\)"):
        frozen.planes(data, known[:, 1:])


def test_palette_gives_the_nearest_colour() -> None:
    colours = np.array(_colours())
    assert len(colours) == palette().num_classes == 13
    data = pictures(2, 12, 20)
    cells = data.numpy().reshape(2, 3, 3, 4, 5, 4).mean((3, 5))
    distance = ((cells[:, None] - colours[:, :, None, None]) ** 2).sum(2)
    assert np.array_equal(palette()(data).argmax(1), distance.argmin(1))


class Scaled(nn.Module):
    """Somebody's net that scales pictures itself: by an attribute, and by a buffer that is not saved."""

    num_classes, stride = 2, None

    def __init__(self, gain: float, shift: float) -> None:
        super().__init__()
        self.gain = gain
        self.register_buffer("shift", torch.tensor([shift]), persistent=False)

    def forward(self, data: Tensor) -> Tensor:
        return (data * self.gain + self.shift)[:, :2]


def test_fingerprint_tells_numbers_apart_that_are_no_weights() -> None:
    """Their maps were taken for one another's."""
    numbers = [(1.0, 0.0), (2.0, 0.0), (1.0, 0.5)]
    assert len({Frozen(Scaled(*each)).fingerprint() for each in numbers}) == 3
    assert len({Frozen(Scaled(1.0, 0.5)).fingerprint() for _ in range(2)}) == 1


def test_fingerprint_tells_weights_settings_and_normalisation_apart() -> None:
    nets = [plain(Colours(), CLASSES) for _ in range(2)]
    assert Frozen(nets[0]).fingerprint() == Frozen(nets[1]).fingerprint()
    others = [
        plain(Colours(), CLASSES, stride=8),
        plain(Colours(), CLASSES, mean=(0.5, 0.5, 0.5)),
        torchvision_style(Colours(), CLASSES),
    ]
    with torch.no_grad():
        nets[1].net.norm.running_mean[2] += 2**-20
    found = {Frozen(net).fingerprint() for net in (*nets, *others)}
    assert len(found) == 5


@pytest.fixture(scope="module")
def faces(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real dense net of 2014 in Caffe, face or not at each place, converted by the command."""
    models, folder = shared / "models/mtcnn-relu-det1", tmp_path_factory.mktemp("dense") / "faces"
    mean = folder.with_name("mean.npy")
    np.save(mean, np.float32([12, 11, 10]).reshape(3, 1, 1))
    model, text = models / "det1_relu.caffemodel", models / "det1_relu.prototxt"
    assert main([str(model), "--prototxt", str(text), "--mean", str(mean), "-o", str(folder)]) == 0
    return folder


def test_converted_net_gives_what_caffe_recorded(faces: Path, shared: Path) -> None:
    """Fed RGB in 0..1, so that channels, range and mean must be undone to be Caffe's input."""
    recorded = np.load(shared / "models/mtcnn-relu-det1/blobs.npz")
    bgr = recorded["in/data"] + np.float32([12, 11, 10]).reshape(1, 3, 1, 1)
    segmenter = converted(faces, 2, output="prob1")
    with torch.no_grad():
        logits = segmenter(torch.from_numpy(bgr[:, ::-1] / 255))
    assert logits.shape == (1, 2, 43, 43)
    limit = tolerance.SATURATED_SOFTMAX
    np.testing.assert_allclose(logits.exp(), recorded["out/prob1"], rtol=0, atol=limit)


def test_converted_net_segments_a_picture_of_another_size(faces: Path) -> None:
    frozen = Frozen(find_segmenter(f"converted:{faces}", classes=2, output="prob1"))
    labels = frozen.labels(pictures(2, 227, 227))
    assert labels.shape == (2, 227, 227) and labels.unique().numel() == 2


@pytest.mark.parametrize(
    ("name", "options", "error", "match"),
    [
        ("", {}, FileFormatError, "no segmenter is named, and none is shipped; name one: none, "),
        ("fcn", {}, FileFormatError, "may be none, palette, converted:FOLDER or FILE.py:FUNCTION"),
        ("converted:FACES", {}, FileFormatError, "give its number of classes"),
        (
            "converted:FACES",
            {"classes": 2},
            InvalidNetError,
            "outputs are conv4-2, prob1, not None",
        ),
        ("converted:TMP", {"classes": 2}, FileFormatError, r"conversion\.json cannot be read"),
        ("TMP/none.py:f", {}, FileFormatError, "cannot be read"),
        ("TMP/own.py:other", {}, FileFormatError, "defines no function 'other'"),
        ("TMP/own.py:net", {}, FileFormatError, r"net\(\) gives Conv2d, no segmenter"),
        ("TMP/own.py:broken", {}, FileFormatError, r"broken\(\) failed: no weights here"),
        ("TMP/bad.py:f", {}, FileFormatError, "bad.py: fails: "),
    ],
)
def test_names_that_lead_nowhere(
    faces: Path, tmp_path: Path, name: str, options: dict, error: type, match: str
) -> None:
    own = "import torch\ndef net(): return torch.nn.Conv2d(3, 4, 1)\n"
    (tmp_path / "own.py").write_text(own + "def broken(): raise ValueError('no weights here')\n")
    (tmp_path / "bad.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(error, match=match):
        find_segmenter(name.replace("FACES", str(faces)).replace("TMP", str(tmp_path)), **options)


def test_own_file_gives_a_segmenter(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import torch\nfrom memnet.segmenters import plain\n"
        "def net(): return plain(torch.nn.Conv2d(3, 4, 1), num_classes=4)\n"
    )
    found = find_segmenter(f"{tmp_path}/own.py:net")
    assert Frozen(found).labels(pictures()).shape == (2, 61, 43)
    assert find_segmenter("none") is None


def test_grey_net_is_refused(shared: Path, tmp_path: Path) -> None:
    models, folder = shared / "models/hyperlpr-segment", tmp_path / "grey"
    files = [str(models / f"Segmentation.{kind}") for kind in ("caffemodel", "prototxt")]
    assert main([files[0], "--prototxt", files[1], "-o", str(folder)]) == 0
    with pytest.raises(UnsupportedError, match="takes grey pictures"):
        converted(folder, 3)
