"""Expressions in emitted source: what Python reads must be what was meant, with no needless parentheses."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from one_layer import net_of

from converter.lower import lower
from converter.program import Expr, Name, call
from converter.source import WIDTH, render, to_source

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


def test_long_list_of_blobs_has_a_line_for_each(tmp_path) -> None:
    """Concat's bottoms stood in one line, of 195 columns in a published detector."""
    blobs = [f"conv{at}_3_norm_mbox_loc_flat" for at in range(6)]
    bottoms = " ".join(f'bottom: "{blob}"' for blob in blobs)
    text = f'layer {{ name: "all" type: "Concat" {bottoms} top: "all" }}'
    net = net_of(tmp_path, text, **dict.fromkeys(blobs, np.zeros((2, 3))))
    source = to_source(lower(net).program)
    body = source.partition("Tensor:\n")[2]  # behind the signature
    assert max(map(len, body.splitlines())) <= WIDTH
    ast.parse(source)
