"""The definitions of `converter/nn` that a program needs, as the text that is copied into `model.py`.

A class lives in the file named like it (`MaxPool` in `max_pool.py`); what its file imports from files beside it
comes along, in front.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from importlib.resources import files


def definitions(targets: Iterable[str]) -> dict[str, str]:
    """Return {file stem: its definitions} for these classes and all they use, users last."""
    found: dict[str, str] = {}
    for target in sorted(targets):
        _collect(_stem(target), found)
    return found


def defined_names(targets: Iterable[str]) -> frozenset[str]:
    """Return every name that these definitions bind in `model.py`."""
    return frozenset(
        node.name
        for text in definitions(targets).values()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    )


def _stem(target: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", target).lower()


def _collect(stem: str, found: dict[str, str]) -> None:
    if stem in found:
        return
    text = files(__package__).joinpath("nn", f"{stem}.py").read_text(encoding="utf-8")
    nodes = ast.parse(text).body
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            _collect(node.module, found)
    kept = [node for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)]
    lines = text.splitlines()
    found[stem] = "\n\n\n".join(
        "\n".join(lines[_first_line(node) - 1 : node.end_lineno]) for node in kept
    )


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return decorators[0].lineno if decorators else node.lineno
