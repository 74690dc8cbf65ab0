"""Segmenters by name, as recipes and `--seg` give them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from converter.errors import FileFormatError, context

if TYPE_CHECKING:
    from .protocol import Segmenter

NAMES = "none, palette, converted:FOLDER or FILE.py:FUNCTION"


def is_name(name: str) -> bool:
    """Whether a name has one of the forms of `NAMES`; what it leads to is not looked for."""
    kind, _, rest = name.rpartition(":")
    own = kind.endswith(".py") and rest.isidentifier()
    return own or name in {"none", "palette"} or (name.startswith("converted:") and bool(rest))


def find_segmenter(
    name: str, *, classes: int | None = None, output: str | None = None
) -> Segmenter | None:
    """Return the segmenter of a name; `none` gives None.

    `palette` is ours, for trials. `converted:FOLDER` is what convert-caffemodel wrote, with so many `classes` and, of
    several outputs, `output`. `FILE.py:FUNCTION` calls a function without arguments in a file of the user's: any net
    at all, put into its adapter there. The last two run the code that they name.

    Raises:
        FileFormatError: another name, or nothing there.
    """
    if not name:
        raise FileFormatError(f"no segmenter is named, and none is shipped; name one: {NAMES}")
    if name in {"none", "palette"}:
        from .palette import palette

        return palette() if name == "palette" else None
    if not is_name(name):
        raise FileFormatError(f"segmenter {name!r} is not known: it may be {NAMES}")
    if name.startswith("converted:"):
        from .converted import converted

        if classes is None:
            raise FileFormatError(
                f"segmenter {name!r}: give its number of classes, too (model.options.segmenter_classes)"
            )
        return converted(name.removeprefix("converted:"), classes, output=output)
    path, _, function = name.rpartition(":")
    with context(path):
        return _made(Path(path), function)


def _made(path: Path, function: str) -> Segmenter:
    from torch import nn

    make = _function(path, function)
    try:
        found = make()
    except Exception as error:  # somebody's code may raise anything
        said = str(error).strip() or type(error).__name__
        raise FileFormatError(f"{function}() failed: {said}") from error
    if not isinstance(found, nn.Module) or not hasattr(found, "num_classes"):
        raise FileFormatError(
            f"{function}() gives {type(found).__name__}, no segmenter: put the net into an adapter "
            "of memnet.segmenters"
        )
    return cast("Segmenter", found)  # what it returns is checked when it runs


def _function(path: Path, name: str) -> Callable[[], Any]:
    names: dict[str, Any] = {"__name__": f"segmenter_{path.stem}", "__file__": str(path)}
    try:
        exec(compile(path.read_bytes(), path, "exec"), names)  # noqa: S102 - the file that the user named
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})") from error
    except Exception as error:
        said = str(error).strip() or type(error).__name__
        raise FileFormatError(f"fails: {said}") from error
    if not callable(names.get(name)):
        raise FileFormatError(f"defines no function {name!r}")
    found: Callable[[], Any] = names[name]
    return found
