"""The page around the sections. Nothing is fetched: its policy forbids it, and allows one script by its hash."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files

from .markup import Markup, join, tag
from .parts import shapes


def document(
    title: str, header: Markup, sections: Sequence[tuple[str, str, Markup]], footer: Markup
) -> str:
    """Return the whole page. A section is its name, the word for it in the table of contents, and itself."""
    style, script = _data("style.css"), _data("sort.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    links = [tag("li", tag("a", word, href=f"#{name}")) for name, word, _ in sections]
    body = tag(
        "body",
        shapes(),
        tag("a", "Skip to the findings", href="#findings", class_="skip"),
        header,
        tag("nav", tag("ul", *links), aria_label="Sections"),
        tag("main", *(part for _, _, part in sections), id="findings", tabindex="-1"),
        footer,
        tag("p", id="said", role="status", class_="unseen"),
        tag("script", Markup(script)),
    )
    return join(Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n")


def _policy(script: str) -> str:
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _data(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
