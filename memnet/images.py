"""Images from paths, PIL images and arrays, as H x W x 3 uint8 RGB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter.errors import FileFormatError, context

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Source: TypeAlias = "str | Path | Image | np.ndarray[Any, Any]"

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def read_image(source: Source) -> Pixels:
    """Return an image as H x W x 3 uint8 RGB.

    The pixels are taken as they are stored: an EXIF orientation is not applied, as in Caffe's and MATLAB's readers,
    and transparency is dropped. An array must be uint8, H x W, H x W x 1 or H x W x 3 in RGB order.

    Raises:
        FileFormatError: no readable image, or one whose values are not 8-bit.
        ModuleNotFoundError: a path is given, and Pillow is not installed.
    """
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if isinstance(source, str | Path):
        with context(str(source)):
            return _of_file(Path(source))
    return _of_pil(source)


def _of_array(array: np.ndarray[Any, Any]) -> Pixels:
    if array.dtype != np.uint8:
        raise FileFormatError(
            f"an image array must be uint8, 0 to 255, found {array.dtype}; "
            "pixels in 0..1 would give scores that hardly differ"
        )
    planes = array[:, :, None] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[2] not in {1, 3} or not planes.size:
        raise FileFormatError(f"an image array must be (height, width, 3), found {array.shape}")
    return np.broadcast_to(planes, (*planes.shape[:2], 3))


def _of_file(path: Path) -> Pixels:
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "reading image files needs Pillow: pip install pillow", name="PIL"
        ) from None
    try:
        with Image.open(path) as image:
            return _of_pil(image)
    except UnidentifiedImageError as error:
        raise FileFormatError("is not an image that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise FileFormatError(f"is refused: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damage
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FileFormatError(f"cannot be read as an image ({said})") from error


def _of_pil(image: Image) -> Pixels:
    if image.mode.startswith(("I", "F")):
        raise FileFormatError(
            f"has pixels of more than 8 bits (mode {image.mode}); convert it to 8 bits first"
        )
    return np.asarray(image.convert("RGB"))
