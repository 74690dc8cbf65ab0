"""Search for a recipe's numbers with Optuna: many training runs, one study on disk, any number of workers.

    sweep = begin(load_space("resmem"), ["lamem:/data/lamem"], "sweeps/resmem")
    work(sweep, trials=20)

Killed and started again, a sweep goes on where each of its runs was. Importing this package loads neither torch nor
Optuna.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converter.lazy import names_from

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
    __getattr__ = names_from(__name__, _HOMES)
