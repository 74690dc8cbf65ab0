"""Images from paths, bytes, PIL images, arrays and tensors, as H x W x 3 uint8 RGB.

What becomes of pictures that are not plain 8-bit RGB is decided here, once; docs/preprocessing.md gives the table.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from converter.errors import FileFormatError, context

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Source: TypeAlias = "str | Path | bytes | Image | np.ndarray[Any, Any] | Tensor"

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


def read_image(source: Source) -> Pixels:
    """Return an image as H x W x 3 uint8 RGB.

    A path, or the bytes of an image file; a PIL image; an array, uint8, H x W, H x W x 1 or H x W x 3 in RGB order; a
    tensor, uint8, in torch's order 3 x H x W or 1 x H x W.

    The pixels are taken as they are stored: an EXIF orientation is not applied, as in pycaffe's and MATLAB's readers,
    and transparency is dropped. Grey is repeated, CMYK and palettes become RGB, 16 bits are rounded to 8, and of an
    animation the first picture is taken.

    Raises:
        FileFormatError: no readable image, or one whose values are neither 8-bit nor 16-bit.
        ModuleNotFoundError: a file is given, and Pillow is not installed.
    """
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if isinstance(source, str | Path):
        with context(str(source)):
            return _of_file(Path(source))
    if isinstance(source, bytes):
        return _of_file(BytesIO(source))
    if type(source).__module__.partition(".")[0] == "torch":
        return _of_tensor(source)
    return _of_pil(cast("Image", source))


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


def _of_tensor(tensor: Any) -> Pixels:
    array = tensor.detach().cpu().numpy()
    if array.ndim != 3 or array.shape[0] not in {1, 3}:
        raise FileFormatError(f"an image tensor must be (3, height, width), found {array.shape}")
    return _of_array(array.transpose(1, 2, 0))


def _of_file(file: Path | BytesIO) -> Pixels:
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "reading image files needs Pillow: pip install 'convert-caffemodel[images]'", name="PIL"
        ) from None
    try:
        with Image.open(file) as image:
            return _of_pil(image)
    except UnidentifiedImageError as error:
        raise FileFormatError("is not an image that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise FileFormatError(f"is refused: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damage
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FileFormatError(f"cannot be read as an image ({said})") from error


def _of_pil(image: Image) -> Pixels:
    if image.mode in _SIXTEEN_BITS:
        return _of_array(_rounded(np.asarray(image)))
    if image.mode == "I" and image.format == "PNG":  # 16-bit grey in older Pillow
        return _of_array(_rounded(np.asarray(image)))
    if image.mode.startswith(("I", "F")):
        raise FileFormatError(
            f"has pixels of more than 16 bits (mode {image.mode}); convert it to 8 bits first"
        )
    return np.asarray(image.convert("RGB"))


def _rounded(deep: np.ndarray[Any, Any]) -> Pixels:
    """Return 0..65535 as 0..255, to the nearest: white stays white (65535 = 257 * 255)."""
    return ((deep.astype(np.int64) + 128) // 257).astype(np.uint8)
