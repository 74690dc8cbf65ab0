"""`Preprocess`: from a picture to what a net is fed, as part of the model's contract.

Caffe's order (data_transformer.cpp): resize, channels to BGR, crop the centre, subtract the mean at the same place,
multiply by the scale. The configuration file follows the names that Hugging Face image processors use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from .errors import FileFormatError, InvalidNetError
from .grey import to_grey
from .layer import number
from .resizing.resize import RULES, Rule, resize

if TYPE_CHECKING:
    from .program import Shape

CONFIG = "preprocessor_config.json"
MEAN_IMAGE = "mean.npy"

Floats = np.ndarray[Any, np.dtype[np.float32]]
ChannelOrder = Literal["BGR", "RGB", "GRAY"]
TenCrop = Literal["pycaffe", "matlab"]
TEN_CROPS: tuple[str, ...] = get_args(TenCrop)
_KNOWN = {"rule": RULES, "channel_order": get_args(ChannelOrder), "ten_crop": TEN_CROPS}


@dataclass(frozen=True, kw_only=True, eq=False)
class Preprocess:
    """Callable on an H x W x 3 RGB image of 0..255 (or H x W grey); returns (C, height, width) float32.

    A uint8 image and the same in floats differ where the rule's library works on 8 bits: see `resizing.resize`.
    """

    crop: tuple[int, int]
    """(height, width) of the net's input, cut from the centre."""
    resize: tuple[int, int] | None = None
    """(height, width) before the crop; None takes the image as it is."""
    rule: Rule = "matlab"
    """Whose bilinear resizing, and whose grey."""
    channel_order: ChannelOrder = "BGR"
    mean: Floats | None = None
    """(C, 1, 1) for channel means, (C, H, W) for a mean image of the resized size or of the crop's, in the net's
    channel order. One of the crop's size is subtracted from every crop as it stands, after mirroring, as pycaffe's
    Transformer does; one of the resized size at the crop's place."""
    scale: float = 1.0
    """Multiplies after the mean is subtracted; pixels are 0..255 before."""
    ten_crop: TenCrop = "pycaffe"
    """Whose ten crops, and whose centre: an odd margin of 29 gives 14 in Caffe and pycaffe, 15 in the MATLAB demo."""

    def __post_init__(self) -> None:
        """Refuse unknown names, and a mean that fits neither the resized image nor the crop."""
        for field, known in _KNOWN.items():
            if getattr(self, field) not in known:
                raise InvalidNetError(
                    f"{field} is {getattr(self, field)!r}; known: {', '.join(known)}"
                )
        if self.mean is None or self.mean.shape[1:] in {(1, 1), self.crop, self.resize}:
            return
        raise InvalidNetError(
            f"the mean has shape {self.mean.shape}; it must be one value per channel, "
            f"or of size {self.resize or self.crop}"
        )

    def __call__(self, image: np.ndarray[Any, Any]) -> Floats:
        """Return what the net is fed for one image, (C, height, width) float32."""
        whole = self.planes(image)
        top, left = self.centre(whole.shape)
        return self.cut(whole, top, left)

    def planes(self, image: np.ndarray[Any, Any]) -> Floats:
        """Return the resized image in the net's channels, (C, H, W) float32 of 0..255, nothing subtracted yet."""
        pixels = np.atleast_3d(image)
        if pixels.dtype != np.uint8:
            pixels = pixels.astype(np.float32)
        if self.channel_order == "GRAY":
            pixels = to_grey(pixels, self.rule)
        if self.resize is not None and pixels.shape[:2] != self.resize:
            pixels = resize(pixels, self.resize, self.rule)
        return self._channels(pixels).astype(np.float32)

    def _channels(self, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return (C, H, W) in the net's channel order; a grey picture has three equal channels."""
        planes = pixels.transpose(2, 0, 1)
        if self.channel_order == "GRAY":
            return planes
        if len(planes) == 1:
            planes = np.repeat(planes, 3, axis=0)
        return planes[2::-1] if self.channel_order == "BGR" else planes[:3]

    def margins(self, shape: Shape) -> tuple[int, int]:
        """Return by how much (C, H, W) exceeds the crop, down and across."""
        down, across = (size - crop for size, crop in zip(shape[1:], self.crop, strict=True))
        if down < 0 or across < 0:
            raise InvalidNetError(
                f"an image of {shape[1:]} is smaller than the crop {self.crop}; give a resize"
            )
        return down, across

    def centre(self, shape: Shape) -> tuple[int, int]:
        """Return the top left corner of the centre crop in (C, H, W).

        Half of an odd margin is rounded down in data_transformer.cpp and in pycaffe, and up in MATLAB's
        prepare_image, whose offsets count from one: floor((margin + 1) / 2).
        """
        odd = 1 if self.ten_crop == "matlab" else 0
        down, across = self.margins(shape)
        return (down + odd) // 2, (across + odd) // 2

    def cut(self, planes: Floats, top: int, left: int, *, mirrored: bool = False) -> Floats:
        """Return one crop of `planes` as the net is fed it: less the mean, perhaps mirrored, and scaled."""
        rows, columns = slice(top, top + self.crop[0]), slice(left, left + self.crop[1])
        part = planes[:, rows, columns]
        if self.mean is not None and self._mean_is_whole():
            part = part - self.mean[:, rows, columns]
        if mirrored:
            part = part[:, :, ::-1]
        if self.mean is not None and not self._mean_is_whole():
            part = part - self.mean
        return np.ascontiguousarray(part * np.float32(self.scale), dtype=np.float32)

    def _mean_is_whole(self) -> bool:
        """Whether the mean is an image that a crop has a place in."""
        return self.mean is not None and self.mean.shape[1:] not in {(1, 1), self.crop}

    def to_files(self) -> dict[str, bytes]:
        """Return the written files by name: the configuration, and the mean image where there is one."""
        return {CONFIG: (json.dumps(self._config(), indent=2) + "\n").encode()} | self._mean_file()

    def _config(self) -> dict[str, object]:
        is_image = self.mean is not None and self.mean.shape[1:] != (1, 1)
        channels = 1 if self.channel_order == "GRAY" else 3
        means = (
            [0.0] * channels
            if self.mean is None or is_image
            else [number(float(m)) for m in self.mean.reshape(-1)]
        )
        return {
            "image_processor_type": "CaffePreprocess",
            "do_resize": self.resize is not None,
            "size": _size(self.resize),
            "resample": 2,
            "resize_rule": self.rule,
            "do_center_crop": True,
            "crop_size": _size(self.crop),
            "ten_crop": self.ten_crop,
            "channel_order": self.channel_order,
            "do_normalize": True,
            "image_mean": means,
            "image_std": [1.0] * channels,
            "mean_file": MEAN_IMAGE if is_image else None,
            "do_rescale": self.scale != 1.0,
            "rescale_factor": self.scale,
            "rescale_after_normalize": True,
            "input_range": [0, 255],
        }

    def _mean_file(self) -> dict[str, bytes]:
        from io import BytesIO

        if self.mean is None or self.mean.shape[1:] == (1, 1):
            return {}
        buffer = BytesIO()
        np.save(buffer, self.mean.astype(np.float32), allow_pickle=False)
        return {MEAN_IMAGE: buffer.getvalue()}


def _size(size: tuple[int, int] | None) -> dict[str, int] | None:
    return None if size is None else {"height": size[0], "width": size[1]}


def load_preprocess(folder: str | Path) -> Preprocess:
    """Read the Preprocess of a written folder. Raises FileFormatError naming the file and what is wrong."""
    path = Path(folder) / CONFIG
    try:
        return _from_config(json.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as error:
        raise FileFormatError(
            f"{path}: cannot be read ({error.strerror}); is this a converted folder?"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, InvalidNetError) as error:
        raise FileFormatError(
            f"{path}: not a preprocessing configuration of this tool ({error})"
        ) from error


def _from_config(config: Mapping[str, Any], folder: Path) -> Preprocess:
    size, crop = config["size"], config["crop_size"]
    if config["mean_file"]:
        mean: Floats | None = np.load(folder / MEAN_IMAGE, allow_pickle=False).astype(np.float32)
    else:
        mean = (
            np.float32(config["image_mean"]).reshape(-1, 1, 1)
            if any(config["image_mean"])
            else None
        )
    return Preprocess(
        crop=(int(crop["height"]), int(crop["width"])),
        resize=(int(size["height"]), int(size["width"])) if config["do_resize"] else None,
        rule=config["resize_rule"],
        channel_order=config["channel_order"],
        mean=mean,
        scale=float(config["rescale_factor"]),
        ten_crop=config.get("ten_crop", "pycaffe"),
    )
