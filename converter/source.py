"""Rendering: Program -> the text of `model.py`, which is also what runs.

Text comes only from call targets named in layer files, from the `repr` of plain values (`ascii` for strings), and
from identifiers made by `names.py`; nothing of a file's own text reaches Python unquoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

from . import __version__
from .modules import definitions
from .program import Bottom, Call, Expr, Name, Program, Shape, Statement

WIDTH = 100
COMMENT_WIDTH = 120  # a shape beside a long line reads better than above it
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}  # of the infix operators


def to_source(program: Program) -> str:
    """Return the text of a module that needs only torch and whose one public name is the net's class."""
    body = _class(program)
    helpers = _helpers(program)
    head = [
        _docstring(program),
        "from __future__ import annotations",
        _imports(body, helpers, program),
    ]
    head.append(f"__all__ = [{program.class_name!r}]".replace("'", '"'))
    return (
        "\n\n".join(head)
        + "\n\n\n"
        + "\n\n\n".join([*helpers.values(), *_output_type(program), body])
        + "\n"
    )


def render(expression: Expr) -> str:
    """Return the Python text of an expression."""
    if isinstance(expression, Name):
        return expression.identifier
    if isinstance(expression, Call):
        return _render_call(expression)
    if isinstance(expression, tuple):
        return _tuple([render(part) for part in expression])
    if isinstance(expression, Bottom):
        raise TypeError("a bottom must be bound to a variable before it is rendered")
    if isinstance(expression, float) and not isfinite(expression):
        return f'float("{expression}")'
    return _string(expression) if isinstance(expression, str) else repr(expression)


def _string(text: str) -> str:
    """Return an ASCII string literal, in double quotes where it has none of its own."""
    literal = ascii(text)
    return literal if '"' in text or "'" in text else f'"{literal[1:-1]}"'


def _tuple(parts: list[str]) -> str:
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _render_call(expression: Call) -> str:
    args = [render(part) for part in expression.args]
    if expression.target in PRECEDENCE:
        parts = (_operand(expression, at, text) for at, text in enumerate(args))
        return f" {expression.target} ".join(parts)
    named = [f"{key}={render(part)}" for key, part in expression.kwargs]
    if expression.target.startswith((".", "[")):
        owner = expression.args[0]
        text = f"({args[0]})" if isinstance(owner, Call) and owner.target in PRECEDENCE else args[0]
        if expression.target == "[..., None]":
            return f"{text}[...{', None' * int(args[1])}]"
        return f"{text}{expression.target}({', '.join(args[1:] + named)})"
    return f"{expression.target}({', '.join(args + named)})"


def _operand(expression: Call, at: int, text: str) -> str:
    """Put parentheses around an operand that would bind less tightly than its operator."""
    part = expression.args[at]
    if not isinstance(part, Call) or part.target not in PRECEDENCE:
        return text
    inner, outer = PRECEDENCE[part.target], PRECEDENCE[expression.target]
    binds = inner > outer or (inner == outer and at == 0 and expression.target != "**")
    return text if binds else f"({text})"


def _docstring(program: Program) -> str:
    inputs, outputs = (
        "\n".join(f"    {_quoted(blob)}  {_shape(program.shapes[blob])}" for blob in blobs)
        or "    none"
        for blobs in (program.inputs, program.outputs)
    )
    return (
        f'"""{_quoted(program.net_name) or program.class_name}: a Caffe net as a PyTorch module.\n\n'
        f"Written by convert-caffemodel {__version__}; needs only torch. Shapes are those of the declared input;\n"
        "other batch and image sizes work wherever Caffe could reshape the net.\n\n"
        f'Inputs:\n{inputs}\n\nOutputs:\n{outputs}\n"""'
    )


def _quoted(name: str) -> str:
    """Return a Caffe name fit for a comment or docstring: printable ASCII without quotes or backslashes."""
    return re.sub(r"[^A-Za-z0-9 _.,:;/()+@#=-]", "?", name[:80])


def _shape(shape: Shape) -> str:
    return _tuple([str(size) for size in shape]) if shape else "scalar"


def _imports(body: str, helpers: dict[str, str], program: Program) -> str:
    """Return the imports that the text uses."""
    text = "\n".join([body, *helpers.values()])
    lines = []
    if re.search(r"\bmath\.", text):
        lines.append("import math")
    if len(program.outputs) > 1:
        lines.append("from typing import NamedTuple")
    if lines:
        lines.append("")
    if re.search(r"\btorch\.", text):
        lines.append("import torch")
    lines.append("from torch import Tensor, nn")
    if re.search(r"\bF\.", text):
        lines.append("from torch.nn import functional as F")
    return "\n".join(lines)


def _helpers(program: Program) -> dict[str, str]:
    """Return the text of what the program uses of `converter/nn`, by file."""
    targets = {member.call.target for member in program.members}
    return definitions((name for name in targets if name.isidentifier()), program.modules)


def _output_type(program: Program) -> list[str]:
    if len(program.outputs) < 2:
        return []
    fields = "\n".join(f"    {program.blobs[blob]}: Tensor" for blob in program.outputs)
    return [f'class Output(NamedTuple):\n    """The outputs, in Caffe\'s order."""\n\n{fields}']


def _class(program: Program) -> str:
    parts = [
        f"class {program.class_name}(nn.Module):",
        *_blob_names(program),
        *_init(program),
        *_forward(program),
        *_reset(program),
    ]
    return "\n".join(parts)


def _blob_names(program: Program) -> list[str]:
    odd = {variable: blob for blob, variable in program.blobs.items() if variable != blob}
    rows = [f"        {_string(variable)}: {_string(blob)}," for variable, blob in odd.items()]
    if not rows:
        return [
            "    blob_names: dict[str, str] = {}  # every variable of forward has its Caffe blob's name",
            "",
        ]
    return [
        "    # Variable of forward -> Caffe blob, where the names differ.",
        "    blob_names = {",
        *rows,
        "    }",
        "",
    ]


def _init(program: Program) -> list[str]:
    lines = ["    def __init__(self) -> None:", "        super().__init__()"]
    for member in program.members:
        lines += _assignment(f"        self.{member.attribute} = ", member.call)
    for tie in program.ties:
        owner = (
            f"self.{tie.owner}.view({_tuple(list(map(str, tie.shape)))})"
            if tie.reshaped
            else f"self.{tie.owner}"
        )
        value = f"nn.Parameter({owner})" if tie.reshaped else owner
        lines.append(f"        self.{tie.sharer} = {value}  # one parameter in Caffe")
    return [*lines, ""]


def _forward(program: Program) -> list[str]:
    arguments = ", ".join(["self", *(f"{program.blobs[blob]}: Tensor" for blob in program.inputs)])
    results = [program.blobs[blob] for blob in program.outputs]
    many = len(results) > 1
    lines = [f"    def forward({arguments}) -> {'Output' if many else 'Tensor'}:"]
    shapes = {program.blobs[blob]: program.shapes[blob] for blob in program.inputs}
    for statement in program.statements:
        lines += _statement(statement, shapes)
        shapes.update(zip(statement.targets, statement.shapes, strict=True))
    lines.append(f"        return {'Output(' + ', '.join(results) + ')' if many else results[0]}")
    return lines


def _reset(program: Program) -> list[str]:
    stateful = [member.attribute for member in program.members if member.stateful]
    if not stateful:
        return []
    return [
        "",
        "    def reset(self) -> None:",
        '        """Forget the state that recurrent layers carry from one forward to the next."""',
        *(f"        self.{attribute}.reset()" for attribute in stateful),
    ]


def _assignment(start: str, value: Expr) -> list[str]:
    """Return `start` and the value, the arguments of a call on lines of their own where one line is too long."""
    many = isinstance(value, tuple) and len(value) > 1
    line = start + (render(value)[1:-1] if many else render(value))
    if len(line) <= WIDTH or not isinstance(value, Call) or not value.target[0].isalpha():
        return [line]
    lines = [line for part in value.args for line in _argument(part)]
    lines += [f"            {key}={render(part)}," for key, part in value.kwargs]
    return [f"{start}{value.target}(", *lines, "        )"]


def _argument(value: Expr) -> list[str]:
    """Return an argument with its comma; a tuple that is too long has a line for each of its parts."""
    line = f"            {render(value)},"
    if len(line) <= WIDTH or not isinstance(value, tuple):
        return [line]
    return [
        "            (",
        *(f"                {render(part)}," for part in value),
        "            ),",
    ]


def _statement(statement: Statement, known: Mapping[str, Shape]) -> list[str]:
    """Return an assignment; the shapes stand beside it unless a layer in place keeps the one just shown."""
    lines = _assignment(f"        {', '.join(statement.targets)} = ", statement.value)
    if tuple(known.get(target) for target in statement.targets) == statement.shapes:
        return lines
    comment = f"# {' '.join(_shape(shape) for shape in statement.shapes)}"
    if len(lines) == 1 and len(lines[0]) + 2 + len(comment) <= COMMENT_WIDTH:
        return [f"{lines[0]}  {comment}"]
    return [f"        {comment}", *lines]
