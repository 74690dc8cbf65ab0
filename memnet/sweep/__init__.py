"""Search for a recipe's numbers with Optuna: many training runs, one study on disk, any number of workers.

    sweep = begin(load_space("resmem"), ["lamem:/data/lamem"], "sweeps/resmem")
    work(sweep, trials=20)

Killed and started again, a sweep goes on where each of its runs was. Importing this package loads neither torch nor
Optuna.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .picture import draw_runs
    from .settings import Sweep, begin, read_sweep
    from .space import Space, load_space
    from .table import read_rows
    from .work import work

__all__ = [
    "Space",
    "Sweep",
    "begin",
    "draw_runs",
    "load_space",
    "read_rows",
    "read_sweep",
    "work",
]

_HOMES = {
    "Space": "space",
    "Sweep": "settings",
    "begin": "settings",
    "draw_runs": "picture",
    "load_space": "space",
    "read_rows": "table",
    "read_sweep": "settings",
    "work": "work",
}

if not TYPE_CHECKING:  # a type checker shall know the names above alone

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
