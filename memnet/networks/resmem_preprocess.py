"""What a picture goes through before ResMem, as its package does it with torchvision's transforms.

Resize((256, 256)) of a PIL image: bilinear with antialiasing, rounded to 8 bits, the aspect ratio not kept.
CenterCrop(227): top left corner round(14.5) = 14. ToTensor: float32 over 255, channels first. No mean, no deviation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from converter import Preprocess

from ..crops import Crops, Floats, crop
from ..images import Pixels

SIZE = (256, 256)
CROP = (227, 227)
CUT = Preprocess(crop=CROP, channel_order="RGB")


@dataclass(frozen=True)
class ResMemPreprocess:
    """Callable on an H x W x 3 uint8 RGB image; returns (3, 227, 227) float32 in 0..1."""

    def __call__(self, image: np.ndarray[Any, Any]) -> Floats:
        """Return the central crop."""
        central: Floats = self.crops(image, "center")[0]
        return central

    def crops(self, image: np.ndarray[Any, Any], crops: Crops) -> Floats:
        """Return (1, 3, 227, 227) or (10, 3, 227, 227); divided, for a product with 1 / 255 rounds otherwise."""
        return crop(CUT, resized(image), crops) / np.float32(255)

    def to_files(self) -> dict[str, bytes]:
        """Return what identifies this preprocessing, as `Preprocess.to_files` does."""
        rule = {"resize": SIZE, "crop": CROP, "rule": "pil", "channel_order": "RGB", "divisor": 255}
        return {"preprocessor_config.json": json.dumps(rule).encode()}


def resized(image: np.ndarray[Any, Any]) -> Pixels:
    """Return (256, 256, 3) uint8 by Pillow's bilinear resize; an image of that size is left as it is."""
    from PIL import Image

    height, width = SIZE
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
