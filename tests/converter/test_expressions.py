"""Expressions in emitted source: what Python reads must be what was meant, with no needless parentheses."""

from __future__ import annotations

import pytest

from converter.program import Expr, Name, call
from converter.source import render

A, B, C = map(Name, "abc")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (call("-", call("-", A, B), C), "a - b - c"),
        (call("-", A, call("-", B, C)), "a - (b - c)"),
        (call("-", A, call("+", B, C)), "a - (b + c)"),
        (call("+", call("*", 2.0, A), call("*", B, C)), "2.0 * a + b * c"),
        (call("*", call("+", A, B), C), "(a + b) * c"),
        (call("/", A, call("*", B, C)), "a / (b * c)"),
        (call("**", call("**", A, 2.0), 0.5), "(a ** 2.0) ** 0.5"),
        (call("**", call("+", A, 1.0), -1.0), "(a + 1.0) ** -1.0"),
        (call(".exp", call("*", A, B)), "(a * b).exp()"),
        (call("*", call(".exp", A), B), "a.exp() * b"),
    ],
)
def test_expression_is_read_as_it_was_meant(expression: Expr, text: str) -> None:
    assert render(expression) == text
