"""`Preprocess`: from a picture to what a net is fed, as part of the model's contract.

Caffe's order (data_transformer.cpp): resize, channels to BGR, crop the centre, subtract the mean at the same place,
multiply by the scale. The configuration file follows the names that Hugging Face image processors use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .errors import FileFormatError, InvalidNetError
from .resize import RULES, Rule, resize

if TYPE_CHECKING:
    from .program import Shape

CONFIG = "preprocessor_config.json"
MEAN_IMAGE = "mean.npy"

Floats = np.ndarray[Any, np.dtype[np.float32]]
ChannelOrder = Literal["BGR", "RGB", "GRAY"]
GRAY_FROM_RGB = (0.299, 0.587, 0.114)  # OpenCV's weights


@dataclass(frozen=True, kw_only=True, eq=False)
class Preprocess:
    """Callable on an H x W x 3 uint8 RGB image (or H x W grey); returns (C, height, width) float32."""

    crop: tuple[int, int]
    """(height, width) of the net's input, cut from the centre."""
    resize: tuple[int, int] | None = None
    """(height, width) before the crop; None takes the image as it is."""
    rule: Rule = "matlab"
    channel_order: ChannelOrder = "BGR"
    mean: Floats | None = None
    """(C, 1, 1) for channel means, (C, H, W) for a mean image of the resized size, in the net's channel order."""
    scale: float = 1.0
    """Multiplies after the mean is subtracted; pixels are 0..255 before."""

    def __post_init__(self) -> None:
        """Refuse a mean that fits neither the resized image nor the crop."""
        if self.mean is None or self.mean.shape[1:] in {(1, 1), self.crop, self.resize}:
            return
        raise InvalidNetError(
            f"the mean has shape {self.mean.shape}; it must be one value per channel, "
            f"or of size {self.resize or self.crop}"
        )

    def __call__(self, image: np.ndarray[Any, Any]) -> Floats:
        """Return what the net is fed for one image, (C, height, width) float32."""
        pixels = np.atleast_3d(image).astype(np.float32)
        if self.resize is not None and pixels.shape[:2] != self.resize:
            pixels = resize(pixels, self.resize, self.rule)
        fed = self._channels(pixels)
        top, left = self._offset(fed.shape)
        height, width = self.crop
        fed = fed[:, top : top + height, left : left + width]
        if self.mean is not None:
            fed = fed - self._mean_at(top, left)
        return np.ascontiguousarray(fed * np.float32(self.scale), dtype=np.float32)

    def _channels(self, pixels: Floats) -> Floats:
        """Return (C, H, W) in the net's channel order; a grey picture has three equal channels."""
        planes = pixels.transpose(2, 0, 1)
        if self.channel_order == "GRAY":
            return (
                planes
                if len(planes) == 1
                else np.tensordot(np.array(GRAY_FROM_RGB, np.float32), planes[:3], 1)[None]
            )
        if len(planes) == 1:
            planes = np.repeat(planes, 3, axis=0)
        return planes[2::-1] if self.channel_order == "BGR" else planes[:3]

    def _offset(self, shape: Shape) -> tuple[int, int]:
        """Return the top left corner of the centre crop; odd margins round down (data_transformer.cpp)."""
        top, left = ((size - crop) // 2 for size, crop in zip(shape[1:], self.crop, strict=True))
        if top < 0 or left < 0:
            raise InvalidNetError(
                f"an image of {shape[1:]} is smaller than the crop {self.crop}; give a resize"
            )
        return top, left

    def _mean_at(self, top: int, left: int) -> Floats:
        assert self.mean is not None  # noqa: S101 (for the type checker; the caller has looked)
        if self.mean.shape[1:] in {(1, 1), self.crop}:
            return self.mean
        return self.mean[:, top : top + self.crop[0], left : left + self.crop[1]]

    def to_files(self) -> dict[str, bytes]:
        """Return the written files by name: the configuration, and the mean image where there is one."""
        return {CONFIG: (json.dumps(self._config(), indent=2) + "\n").encode()} | self._mean_file()

    def _config(self) -> dict[str, object]:
        is_image = self.mean is not None and self.mean.shape[1:] != (1, 1)
        channels = 1 if self.channel_order == "GRAY" else 3
        means = (
            [0.0] * channels
            if self.mean is None or is_image
            else [float(m) for m in self.mean.reshape(-1)]
        )
        return {
            "image_processor_type": "CaffePreprocess",
            "do_resize": self.resize is not None,
            "size": _size(self.resize),
            "resample": 2,
            "resize_rule": self.rule,
            "do_center_crop": True,
            "crop_size": _size(self.crop),
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
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{path}: not a preprocessing configuration of this tool ({error})"
        ) from error


def _from_config(config: Mapping[str, Any], folder: Path) -> Preprocess:
    if config["resize_rule"] not in RULES:
        raise ValueError(f"resize_rule {config['resize_rule']!r}; known: {', '.join(RULES)}")
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
    )
