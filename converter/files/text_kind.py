"""What a text is: a net, a solver, a script, a web page, an error answer, or none of these."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING

from .kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["text_kind"]

_SHORT = 1 << 14  # a JSON text below this is whole

_NET_WORDS = frozenset(
    {
        "debug_info",
        "force_backward",
        "input",
        "input_dim",
        "input_shape",
        "layer",
        "layers",
        "name",
        "state",
    }
)
_SOLVER_WORDS = frozenset(
    {
        "base_lr",
        "clip_gradients",
        "display",
        "gamma",
        "iter_size",
        "lr_policy",
        "max_iter",
        "momentum",
        "net",
        "net_param",
        "power",
        "random_seed",
        "regularization_type",
        "snapshot",
        "snapshot_format",
        "snapshot_prefix",
        "solver_mode",
        "solver_type",
        "stepsize",
        "stepvalue",
        "test_interval",
        "test_iter",
        "test_net",
        "test_net_param",
        "test_state",
        "train_net",
        "train_net_param",
        "train_state",
        "weight_decay",
    }
)
_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<open>[{<])|(?P<close>[}>])|(?P<word>[A-Za-z_]\w*)(?=\s*[:{<])|.""",
    re.VERBOSE | re.DOTALL,
)
_PYTHON = re.compile(r"(?:import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|\"\"\"|''')")


def text_kind(head: bytes) -> Kind | None:
    """The kind of a text that begins with `head`; None if it is not text."""
    if _looks_like_utf16(head):
        return Kind.UTF16
    if not _is_text(head):
        return None
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("<"):
        html = re.match(r"<(?:!doctype html|html|head|body)", text, re.IGNORECASE)
        return Kind.HTML if html or "<html" in text[:4096].lower() else Kind.XML
    if text.startswith(("{", "[")):
        return Kind.JSON if _is_json(text) else Kind.TEXT
    return _by_words(text)


def _looks_like_utf16(head: bytes) -> bool:
    """ASCII letters in UTF-16 without a byte order mark: every other byte is zero."""
    pairs = head[: len(head) & ~1][:256]
    odd, even = pairs[1::2], pairs[::2]
    return len(pairs) >= 8 and any(
        not any(zeros) and all(byte >= 9 for byte in letters)
        for zeros, letters in ((odd, even), (even, odd))
    )


def _is_text(head: bytes) -> bool:
    """No control characters but white space; bytes above 127 are not judged: comments hold any."""
    return not re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", head)


def _is_json(text: str) -> bool:
    try:
        json.JSONDecoder().raw_decode(text)
    except ValueError:
        return len(text) > _SHORT  # perhaps cut by the reader
    except RecursionError:
        return False
    return True


def _by_words(text: str) -> Kind:
    first = _without_comments(text)
    if _PYTHON.match(first) or (text.startswith("#!") and "python" in text.partition("\n")[0]):
        return Kind.PYTHON
    words = set(islice(_top_words(text), 4096))
    if words & {"layer", "layers", "input"}:
        return Kind.TEXT_NET
    if words & _SOLVER_WORDS:
        return Kind.TEXT_SOLVER
    if words and words <= _NET_WORDS and re.match(r"[a-z_]+\s*[:{<]", first):
        return Kind.TEXT_NET
    return Kind.TEXT


def _without_comments(text: str) -> str:
    """The text from its first line that is neither blank nor a comment."""
    return re.sub(r"\A(?:\s*(?:#[^\n]*)?\n)*\s*", "", text)


def _top_words(text: str) -> Iterator[str]:
    """The field names outside all braces."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["word"] and depth == 0:
            yield token["word"]
