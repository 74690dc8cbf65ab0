"""The definitions of `converter/nn` that a program needs, as the text that is copied into `model.py`.

A class lives in the file named like it (`MaxPool` in `max_pool.py`), or in the file that a layer of one's own names
for it; what its file imports from files beside it comes along, in front.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .errors import InvalidNetError, context

_IMPORTS = (  # those that `source.py` writes into model.py
    "from __future__ import annotations",
    "import math",
    "import torch",
    "from torch import Tensor",
    "from torch import nn",
    "from torch.nn import functional as F",
)

Own = Mapping[str, str | Path]
"""Class -> the file that defines it, for modules that are not of `converter/nn`."""


def definitions(targets: Iterable[str], own: Own | None = None) -> dict[str, str]:
    """Return {file stem, or path of an own file: its definitions} for these classes and all they use, users last."""
    found: dict[str, str] = {}
    for target in sorted(targets):
        if own is not None and target in own:
            _collect_own(target, Path(own[target]), found)
        else:
            _collect(files(__package__).joinpath("nn"), _stem(target), found)
    return found


def defined_names(targets: Iterable[str], own: Own | None = None) -> frozenset[str]:
    """Return every name that these definitions bind in `model.py`. Raises InvalidNetError where two bind one."""
    found: dict[str, str] = {}
    for place, text in definitions(targets, own).items():
        for name in _names(text):
            if name in found:
                raise InvalidNetError(
                    f"{place} and {found[name]} both define {name!r}, which model.py needs from both; rename one"
                )
            found[name] = place
    return frozenset(found)


def _names(text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name


def _stem(target: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", target).lower()


def _collect_own(target: str, path: Path, found: dict[str, str]) -> None:
    """Collect a file of the user's. Raises InvalidNetError where it lacks the class or needs more than torch."""
    with context(str(path)):
        if not path.is_file():
            raise InvalidNetError(f"is no file; it should define the module {target!r}")
        _collect(path.parent, path.stem, found, key=str(path))
        if target not in _names(found[str(path)]):
            raise InvalidNetError(f"does not define {target!r}")


def _collect(folder: Traversable, stem: str, found: dict[str, str], key: str = "") -> None:
    if (key or stem) in found:
        return
    text = folder.joinpath(f"{stem}.py").read_text(encoding="utf-8")
    nodes = _parsed(text)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            beside = folder.joinpath(f"{node.module}.py")
            if not beside.is_file():
                raise InvalidNetError(
                    f"line {node.lineno}: imports .{node.module}, which is no file beside it"
                )
            _collect(folder, node.module, found, str(beside) if key else "")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _check_import(node)
    kept = [node for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)]
    lines = text.splitlines()
    found[key or stem] = "\n\n\n".join(
        "\n".join(lines[_first_line(node) - 1 : node.end_lineno]) for node in kept
    )


def _parsed(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except SyntaxError as error:
        raise InvalidNetError(f"line {error.lineno}: {error.msg}") from error


def _check_import(node: ast.Import | ast.ImportFrom) -> None:
    """Refuse what `model.py` would not import, or not under this name."""
    for alias in node.names:
        single = (
            ast.Import([alias])
            if isinstance(node, ast.Import)
            else ast.ImportFrom(node.module, [alias], node.level)
        )
        if ast.unparse(single) not in _IMPORTS:
            raise InvalidNetError(
                f"line {node.lineno}: {ast.unparse(node)!r} cannot be copied into model.py, which needs only torch; "
                f"allowed are {', '.join(_IMPORTS)}, and files beside it"
            )


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return decorators[0].lineno if decorators else node.lineno
