"""Layers from outside: the page that documents them, run as it stands, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from converter.check import load_folder
from converter.cli import main
from converter.errors import InvalidNetError
from converter.lower import lower
from converter.net import load_net
from converter.own_layers import import_layers

PAGE = (ROOT / "docs" / "your-own-layer.md").read_text(encoding="utf-8")
HEAD = "from converter.layer import Layer, header\nfrom converter.program import module\n"


pytestmark = pytest.mark.usefixtures("own_layers")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, in a folder that is the working directory."""
    for name, text in re.findall(
        r"^`([\w.]+)`:\n\n```\w*\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ):
        (tmp_path / name).write_text(text)
    (python_layer,) = re.findall(
        r"```python\n(@dataclass.*?class Twice.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )
    with (tmp_path / "gate.py").open("a") as file:
        file.write(python_layer)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command() -> list[str]:
    (line,) = re.findall(r"^convert-caffemodel (net.*)$", PAGE, re.MULTILINE)
    return line.split()


def test_the_page_converts_and_checks(page: Path, capsys) -> None:
    assert main(command()) == 0
    assert "check passed: 4 blobs" in capsys.readouterr().out
    source = (page / "net_torch" / "model.py").read_text()
    assert "class Gate(nn.Module):" in source and "self.mish = nn.Mish()" in source
    assert not re.search(r"^(?:import|from) (?!math|torch|__future__)", source, re.MULTILINE)


def test_the_page_computes_what_it_says(page: Path) -> None:
    import torch

    assert main(command()) == 0
    x = np.random.default_rng(3).normal(size=(2, 3, 5, 4)).astype(np.float32)
    found = load_folder(page / "net_torch", "Gated")(torch.tensor(x)).detach().numpy()
    mish = torch.nn.functional.mish(torch.tensor(x)).numpy()
    np.testing.assert_allclose(found, 2.5 * mish / (1 + np.exp(-mish)), rtol=1e-5, atol=1e-6)


def test_ten_lines_are_ten(page: Path) -> None:
    lines = [line for line in (page / "my_layers.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 10


def test_without_its_file_a_layer_is_refused(page: Path, capsys) -> None:
    assert main(["net.prototxt", "--layers", "gate.py"]) == 2
    assert "layer 'mish': unknown layer type 'Mish'; it is of synopsys" in capsys.readouterr().err


FAULTY = [
    (None, "layers.py: is no file; --layers takes a Python file"),
    ("x = 1\n", "layers.py: defines no layer; a layer is `class Name"),
    ("x = 1\ny = x.missing\n", "layers.py: line 2: AttributeError: 'int' object has no"),
    ("def f(:\n", "layers.py: line 1: SyntaxError: "),
    (
        f"{HEAD}class Mine(Layer, type='ReLU'): pass\n",
        "layers.py: line 3: TypeError: layer type 'ReLU' is already registered by converter.layers.relu.ReLU",
    ),
]


@pytest.mark.parametrize(("text", "message"), FAULTY)
def test_faulty_file_is_refused_with_its_line(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "layers.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidNetError) as refused:
        import_layers(path)
    assert message in str(refused.value)


def test_faulty_file_ends_the_command_with_2(page: Path, capsys) -> None:
    assert main(["net.prototxt", "--layers", "nowhere.py"]) == 2
    assert capsys.readouterr().err.startswith("convert-caffemodel: nowhere.py: is no file")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "gate_module.py: is no file; it should define the module 'Gate'"),
        (
            "import numpy\nclass Gate: pass\n",
            "line 1: 'import numpy' cannot be copied into model.py",
        ),
        (
            "from torch import Tensor as T\nclass Gate: pass\n",
            "line 1: 'from torch import Tensor as T' cannot",
        ),
        ("class Other: pass\n", "gate_module.py: does not define 'Gate'"),
        (
            "from .absent import x\nclass Gate: pass\n",
            "imports .absent, which is no file beside it",
        ),
        ("class Gate(:\n", "gate_module.py: line 1: invalid syntax"),
    ],
)
def test_module_that_cannot_be_copied_is_refused(
    page: Path, text: str | None, message: str
) -> None:
    (page / "gate_module.py").unlink()
    if text is not None:
        (page / "gate_module.py").write_text(text)
    import_layers("gate.py")
    import_layers("my_layers.py")
    with pytest.raises(InvalidNetError) as refused:
        lower(load_net("net.prototxt"))
    assert message in str(refused.value)


def test_module_may_use_a_file_beside_it(page: Path) -> None:
    (page / "shared_part.py").write_text("def gated(x):\n    return x\n")
    (page / "gate_module.py").write_text(
        "from torch import nn\nfrom .shared_part import gated\n\n\nclass Gate(nn.Module):\n    pass\n"
    )
    import_layers("gate.py")
    import_layers("my_layers.py")
    program = lower(load_net("net.prototxt")).program
    from converter.source import to_source

    source = to_source(program)
    assert source.index("def gated") < source.index("class Gate(")


def test_two_definitions_of_one_name_are_refused(page: Path) -> None:
    """`MaxPool` of converter/nn and a function of that name would be one in `model.py`."""
    with (page / "gate_module.py").open("a") as file:
        file.write("\n\ndef Scale():\n    pass\n")
    with (page / "net.prototxt").open("a") as file:
        file.write(
            'layer { name: "s" type: "Scale" bottom: "data" top: "s" scale_param { axis: 2 } }\n'
        )
    import_layers("gate.py")
    import_layers("my_layers.py")
    with pytest.raises(
        InvalidNetError, match=r"both define 'Scale', which model\.py needs from both"
    ):
        lower(load_net("net.prototxt"))
