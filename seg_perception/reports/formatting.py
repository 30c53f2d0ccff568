"""Numbers as people read them; what is not known is a dash."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

NOTHING = "\N{EN DASH}"
_THIN = "\N{NARROW NO-BREAK SPACE}"
_KIBI = 1024


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as "12.3 %"."""
    value = _known(share)
    return NOTHING if math.isnan(value) else f"{100 * value:.{digits}f}{_THIN}%"


def points(difference: float | None, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: "+1.2"."""
    value = _known(difference)
    if math.isnan(value):
        return NOTHING
    text = f"{abs(100 * value):.{digits}f}"
    sign = "" if float(text) == 0 else "\N{MINUS SIGN}" if value < 0 else "+"
    return sign + text


def milliseconds(duration_s: float | None) -> str:
    """A duration in seconds as "12.3 ms"."""
    value = 1e3 * _known(duration_s)
    if math.isnan(value):
        return NOTHING
    return f"{value:.0f}{_THIN}ms" if value >= 100 else f"{value:.3g}{_THIN}ms"


def count(number: float | None) -> str:
    """A whole number in groups of three digits."""
    value = _known(number)
    return NOTHING if math.isnan(value) else f"{value:,.0f}".replace(",", _THIN)


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits."""
    known = _known(value)
    return NOTHING if math.isnan(known) else f"{known:.{digits}g}"


def size(byte_count: int) -> str:
    """Bytes as "1.2 MiB"."""
    value, units = float(byte_count), ("B", "KiB", "MiB")
    for unit in units:
        if value < _KIBI:
            return f"{value:.3g}{_THIN}{unit}"
        value /= _KIBI
    return f"{value:.3g}{_THIN}GiB"


def seconds(duration_s: float | None) -> str:
    """A duration as "7.5 s" or "12 min 5 s"."""
    value = _known(duration_s)
    if math.isnan(value):
        return NOTHING
    if value < 120:
        return f"{value:.3g}{_THIN}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{_THIN}min {rest}{_THIN}s"


def css(value: float) -> str:
    """A number for a style or a drawing: short, and never in powers of ten."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _known(value: float | None) -> float:
    """The value, or NaN."""
    return value if value is not None and math.isfinite(value) else math.nan


FILTERS: Mapping[str, Callable[..., Any]] = {
    "percent": percent,
    "points": points,
    "milliseconds": milliseconds,
    "count": count,
    "number": number,
    "size": size,
    "seconds": seconds,
    "css": css,
}
