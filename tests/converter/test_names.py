"""Identifiers for any name, and hostile names that can neither run code nor leave the output folder."""

from __future__ import annotations

import ast
import keyword

import numpy as np
import pytest

from converter.cli import main
from converter.loading import load
from converter.names import MODULE_ATTRIBUTES, attribute_names, class_name, variable_names

HOSTILE = (
    'a"); import os; os.system("touch pwned") #',
    "a'); raise SystemExit #",
    "../../x",
    "/etc/passwd",
    "x" * 10_000,
    "new\nline\r\x0bend",
    "\\",
    '"""',
    "{}%s{0}",
    "__class__",
    "self",
    "torch",
    "\N{GREEK SMALL LETTER ALPHA}",
    "\N{FULLWIDTH LATIN SMALL LETTER A}",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil",
    "conv1-a",
    "conv1_a",
    "conv1.a",
    "lambda",
    "None",
    "print",
    "",
    " ",
    "1",
)


def test_module_attributes_are_all_of_torch() -> None:
    import torch

    public = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert public <= MODULE_ATTRIBUTES


@pytest.mark.parametrize(
    "names", [attribute_names(), variable_names()], ids=["attributes", "variables"]
)
def test_names_are_distinct_short_identifiers(names) -> None:
    made = [names.new(name) for name in (*HOSTILE, *HOSTILE)]
    assert len(set(made)) == len(made)
    for name in made:
        assert name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
        assert not name.startswith("_") and len(name) < 80


@pytest.mark.parametrize("name", HOSTILE)
def test_class_names_are_identifiers(name: str) -> None:
    made = class_name(name)
    assert made.isidentifier() and made.isascii() and made not in {"Tensor", "None", "Output"}


def prototxt_of(names: tuple[str, ...], net: str) -> str:
    """A chain of inner products whose layers and blobs have these names."""

    def quoted(name: str) -> str:
        return '"' + "".join(f"\\{byte:03o}" for byte in name.encode()) + '"'

    text = f'name: {quoted(net)} input: "data" input_shape {{ dim: 2 dim: 3 }}\n'
    bottom = "data"
    for at, name in enumerate(names):
        top = f"{name}{at if name in names[:at] else ''}"
        text += (
            f"layer {{ name: {quoted(name)} type: 'InnerProduct' bottom: {quoted(bottom)} top: {quoted(top)} "
            "inner_product_param { num_output: 3 weight_filler { type: 'constant' value: 0.5 } } }\n"
        )
        bottom = top
    return text


@pytest.mark.parametrize("net", HOSTILE)
def test_hostile_names_neither_run_nor_escape(tmp_path, monkeypatch, net: str) -> None:
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    (work / "net.prototxt").write_text(prototxt_of(HOSTILE, net), encoding="utf-8")
    assert main(["net.prototxt", "--allow-missing", "--check"]) == 0
    found = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    folder = "a/b/net_torch/"
    files = ("README.md", "conversion.json", "model.py", "model.safetensors")
    assert found == {"a/b/net.prototxt", *(folder + name for name in files)}
    text = (work / "net_torch/model.py").read_text(encoding="ascii")
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    assert {call.id for call in calls if isinstance(call, ast.Name)} <= {"super"}


def test_hostile_names_compute_what_plain_names_compute(tmp_path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(prototxt_of(HOSTILE, "net"), encoding="utf-8")
    module = load(None, path, allow_missing=True)
    assert np.allclose(
        module(__import__("torch").ones(2, 3)).detach().numpy(), 1.5 ** len(HOSTILE), rtol=1e-5
    )
