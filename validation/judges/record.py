"""`script`: the program that records a model beside its Caffe, with the original's options as its defaults."""

from __future__ import annotations

from importlib.resources import files

DEFAULTS = "DEFAULTS = "


def script(**options: object) -> str:
    """Return the text of a program for Python 2.7 and 3 that needs pycaffe and NumPy alone.

    `options` take the place of the program's defaults: `crops`, `mean`, `resize`, `raw_scale`, `swap`, `input_scale`.
    """
    lines = files(__package__).joinpath("record_script.py").read_text("utf-8").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(DEFAULTS))
    defaults: dict[str, object] = {}
    exec(lines[at], {}, defaults)  # noqa: S102 (our own text)
    known = defaults["DEFAULTS"]
    assert isinstance(known, dict) and options.keys() <= known.keys()  # noqa: S101, PT018 (the command's own options)
    lines[at] = DEFAULTS + repr(dict(sorted((known | options).items())))
    return "\n".join(lines) + "\n"
