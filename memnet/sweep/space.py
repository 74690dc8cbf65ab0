"""`Space`: which numbers of a recipe a sweep chooses, and from what. A TOML file has these names.

recipe = "resmem"
[sweep]
"optimizer.lr" = { low = 1e-6, high = 1e-3, log = true }
"training.batch_size" = { choices = [16, 32, 64] }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.errors import FileFormatError, InvalidNetError, context

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FOLDER = Path(__file__).parent / "spaces"
KEYS = ("source", "recipe", "set", "sweep")
OPEN_DATA = ("data.crop", "data.mirror")
"""What a sweep may choose of [data]: not the images that it is judged by."""

Value = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One key of the recipe: `choices`, or a range from `low` to `high`, both included."""

    key: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    """Whether the logarithm is drawn evenly."""
    whole: bool = False
    """Whether the range is of whole numbers, which it is where both ends are."""

    def distribution(self) -> BaseDistribution:
        """Return Optuna's form."""
        from optuna import distributions

        if self.choices:
            return distributions.CategoricalDistribution(self.choices)
        if self.whole:
            return distributions.IntDistribution(int(self.low), int(self.high), log=self.log)
        return distributions.FloatDistribution(self.low, self.high, log=self.log)

    def __str__(self) -> str:
        if self.choices:
            return f"{self.key}: {', '.join(map(str, self.choices))}"
        return f"{self.key}: {self.low:g} to {self.high:g}{', evenly in the logarithm' if self.log else ''}"


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a sweep file says."""

    recipe: str
    """A shipped recipe, or a file."""
    parameters: tuple[Parameter, ...]
    overrides: tuple[str, ...] = ()
    """`KEY=VALUE` on top of the recipe."""
    source: str = ""
    """Who published these ranges, and which of them are ours."""


def space_names() -> tuple[str, ...]:
    """Return the spaces that are shipped."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_space(name: str | Path) -> Space:
    """Return a shipped space by its name, or one in a TOML file.

    Raises:
        FileFormatError: there is no such space, or the file is no TOML.
        InvalidNetError: an unknown key, or ranges that are none.
    """
    path = FOLDER / f"{name}.toml" if str(name) in space_names() else Path(name)
    if not path.is_file():
        raise FileFormatError(
            f"{name}: is no file and no shipped space; those are {', '.join(space_names())}"
        )
    with context(str(name)):
        try:
            return _read(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileFormatError(f"is no TOML ({error})") from error


def _read(table: Mapping[str, Any]) -> Space:
    odd = sorted(table.keys() - set(KEYS))
    if odd or not isinstance(table.get("recipe"), str) or not table.get("sweep"):
        raise InvalidNetError(
            f"a space has the keys {', '.join(KEYS)}, of which recipe and sweep are needed; "
            f"found {', '.join(table) or 'none'}"
        )
    return Space(
        recipe=table["recipe"],
        source=str(table.get("source", "")),
        overrides=tuple(map(str, table.get("set", ()))),
        parameters=tuple(_parameter(key, value) for key, value in table["sweep"].items()),
    )


def _parameter(key: str, value: Any) -> Parameter:
    with context(f"sweep {key!r}"):
        if key.startswith("data.") and key not in OPEN_DATA:
            raise InvalidNetError(
                f"a sweep must not choose the images that it is judged by; of [data] it may have {', '.join(OPEN_DATA)}"
            )
        if isinstance(value, Mapping) and set(value) == {"choices"}:
            return _of_choices(key, value["choices"])
        if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
            return _of_range(key, value["low"], value["high"], log=bool(value.get("log", False)))
        raise InvalidNetError(
            f"is {value!r}; it must be {{ choices = [...] }} or {{ low = ..., high = ..., log = ... }}"
        )


def _of_choices(key: str, choices: Any) -> Parameter:
    plain = isinstance(choices, list) and all(
        isinstance(each, bool | int | float | str) for each in choices
    )
    if not plain or len(choices) < 2:
        raise InvalidNetError(f"choices is {choices!r}; it must list two or more plain values")
    return Parameter(key=key, choices=tuple(choices))


def _of_range(key: str, low: Any, high: Any, *, log: bool) -> Parameter:
    numbers = all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in (low, high)
    )
    if not numbers or not low < high or (log and low <= 0):
        above = " above 0" if log else ""
        raise InvalidNetError(
            f"goes from {low!r} to {high!r}; low must be a number{above} below high"
        )
    whole = isinstance(low, int) and isinstance(high, int)
    return Parameter(key=key, low=low, high=high, log=log, whole=whole)
