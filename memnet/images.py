"""Images from paths, bytes, PIL images, arrays and tensors, as H x W x 3 uint8 RGB.

What becomes of pictures that are not plain 8-bit RGB is decided here, once; docs/preprocessing.md gives the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from converter.errors import CaffeError, FileFormatError, context

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Source: TypeAlias = "str | Path | bytes | Image | np.ndarray[Any, Any] | Tensor"

_JPEG, _NETPBM = {".jfif", ".jpe", ".jpeg", ".jpg"}, {".pbm", ".pgm", ".pnm", ".ppm"}
SUFFIXES = frozenset({".bmp", ".gif", ".png", ".tif", ".tiff", ".webp"} | _JPEG | _NETPBM)
"""What stands for an image in a folder, in small or capital letters: what every Pillow reads."""

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
"""TIFF 6.0, p. 37. Pillow turns such pictures of 8 bits round, but not those of 16."""


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
        TypeError: the source is none of these.
    """
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if isinstance(source, str | Path):
        with context(str(source)):
            return _of_file(Path(source))
    if isinstance(source, bytes):
        return _of_file(BytesIO(source))
    if is_tensor(source):
        return _of_tensor(source)
    return _of_picture(source)


def is_tensor(source: object) -> bool:
    """Whether this is a torch tensor; does not import torch."""
    return type(source).__module__.partition(".")[0] == "torch"


def _of_array(array: np.ndarray[Any, Any]) -> Pixels:
    _check_type(array.dtype)
    planes = array[:, :, None] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[2] not in {1, 3} or not planes.size:
        raise FileFormatError(
            f"an image array must be (height, width, 3), found {array.shape}; RGB, without alpha, channels last"
        )
    return np.broadcast_to(planes, (*planes.shape[:2], 3))


def _check_type(dtype: object) -> None:
    if str(dtype) != "uint8":
        raise FileFormatError(
            f"an image array must be uint8, 0 to 255, found {dtype}; "
            "pixels in 0..1 would give scores that hardly differ"
        )


def _of_tensor(tensor: Any) -> Pixels:
    if tensor.ndim != 3 or tensor.shape[0] not in {1, 3}:
        raise FileFormatError(
            f"an image tensor must be (3, height, width), found {tuple(tensor.shape)}"
        )
    _check_type(str(tensor.dtype).removeprefix("torch."))  # NumPy does not know all of torch's
    return _of_array(tensor.detach().cpu().numpy().transpose(1, 2, 0))


def _of_file(file: Path | BytesIO) -> Pixels:
    if isinstance(file, Path) and file.is_fifo():
        raise FileFormatError("is a named pipe, which would be waited for; give a file")
    with _damage_told(file):
        from PIL import Image

        with Image.open(file) as image:
            return _of_pil(image)


def _of_picture(source: object) -> Pixels:
    with _damage_told(None):
        from PIL import Image

        if isinstance(source, Image.Image):
            return _of_pil(source)
    raise TypeError(
        f"an image is a path, the bytes of a file, a PIL image, an array or a tensor, found {type(source).__name__}"
    )


@contextmanager
def _damage_told(file: Path | BytesIO | None) -> Iterator[None]:
    """Turn what Pillow raises into FileFormatError; for damage its decoders raise all sorts of errors."""
    try:
        yield
    except CaffeError:
        raise
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "reading image files needs Pillow: pip install 'convert-caffemodel[images]'", name="PIL"
        ) from None
    except Exception as error:
        raise FileFormatError(_problem(error, file)) from error


def _problem(error: Exception, file: Path | BytesIO | None) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"is not an image that Pillow can read{_found_instead(file)}"
    if isinstance(error, Image.DecompressionBombError):
        return f"is refused: {error}"
    said = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"cannot be read as an image ({str(said) or type(error).__name__})"


def _found_instead(file: Path | BytesIO | None) -> str:
    """Say what a failed download left in place of an image."""
    from converter.files.sniff import Kind, describe, identify

    if not isinstance(file, Path):
        return ""
    kind = identify(file)
    known = {Kind.EMPTY, Kind.LFS_POINTER, Kind.HTML, Kind.JSON, Kind.XML}
    return f": it is {describe(kind, file)}" if kind in known else ""


def _of_pil(image: Image) -> Pixels:
    # what Pillow makes of 16-bit grey: of PGM always, scaled to 0..65535; of PNG older versions
    wide = image.mode == "I" and image.format in {"PNG", "PPM"}
    if wide or image.mode in _SIXTEEN_BITS:
        pixels = _rounded(np.asarray(image))
        tags = getattr(image, "tag_v2", {})
        return _of_array(255 - pixels if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else pixels)
    if image.mode.startswith(("I", "F")):
        raise FileFormatError(
            f"has pixels of more than 16 bits (mode {image.mode}); convert it to 8 bits first"
        )
    if image.mode == "P" and isinstance(image.info.get("transparency"), bytes):
        return np.asarray(image.convert("RGBA"))[:, :, :3]  # straight to RGB, Pillow warns
    return np.asarray(image.convert("RGB"))


def _rounded(deep: np.ndarray[Any, Any]) -> Pixels:
    """Return 0..65535 as 0..255, to the nearest: white stays white (65535 = 257 * 255)."""
    return ((deep.astype(np.int64) + 128) // 257).astype(np.uint8)
