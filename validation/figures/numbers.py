"""Numbers as people read them: three digits, true minus signs, powers of ten as powers."""

from __future__ import annotations

from math import floor, isfinite, isnan, log10

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NONE = "–"
"""Stands where there is no number."""


def short(value: float | None, digits: int = 3) -> str:
    """Return `0.0123`, `1.23×10⁻⁷`, `∞` or a dash."""
    if value is None:
        return NONE
    if not isfinite(value):
        return "NaN" if isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    power = floor(log10(abs(value)))
    if -4 <= power < 6:
        return _signed(f"{value:,.{max(digits - 1 - power, 0)}f}")
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return _signed(f"{mantissa}×{ten_to(int(exponent))}")


def limit(value: float | None) -> str:
    """Return a limit as it is written, `10⁻⁵` or `0.25`."""
    if value is None or not isfinite(value) or value == 0:
        return short(value)
    power = floor(log10(abs(value)))
    if -3 <= power < 6:
        return f"{value:.3g}"
    mantissa = f"{value / 10.0**power:.3g}"
    return ten_to(power) if mantissa == "1" else f"{mantissa}×{ten_to(power)}"


def fixed(value: float | None, digits: int = 3) -> str:
    """Return a score or a correlation with as many decimals."""
    return NONE if value is None else _signed(f"{value:.{digits}f}")


def count(value: int) -> str:
    """Return `10,000`."""
    return f"{value:,}"


def counted(value: int, singular: str, plural: str = "") -> str:
    """Return `1 check` or `10,000 checks`."""
    return f"{count(value)} {singular if value == 1 else plural or singular + 's'}"


def ten_to(power: int) -> str:
    """Return `10⁻⁷`."""
    return f"10{str(power).translate(SUPERSCRIPT)}"


def size(found: int) -> str:
    """Return bytes as `412 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if found >= factor:
            return f"{found / factor:.3g} {unit}"
    return f"{found} bytes"


def _signed(text: str) -> str:
    return text.replace("-", "−")
