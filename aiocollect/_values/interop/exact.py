"""Values that would lose something on the usual way to a Python object: narrow floats, fine times.

Invariants: a float32 or float16 becomes the float whose shortest text is its own; a time keeps all
its digits, as a datetime if that can hold them, else as ISO 8601 text; what cannot be written is
refused by a CellError, and never becomes something else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from math import frexp
from typing import Any, Final
from zoneinfo import ZoneInfo

__all__ = [
    "PER_SECOND",
    "CellError",
    "day",
    "moments",
    "narrow",
    "narrowed",
    "type_name",
    "zone_of",
]


class CellError(Exception):
    """A cell that cannot be recorded: the message says what it is and the remedy, never its value.
    ``reason`` is the key under which the refusal is counted."""

    def __init__(self, message: str, *, reason: str = "type") -> None:
        super().__init__(message)
        self.reason = reason


def type_name(kind: type) -> str:
    """The name of a type with its module, for a message; runs no code of the type's author."""
    module = type.__dict__["__module__"].__get__(kind)
    return f"{module}.{short_name(kind)}" if type(module) is str else short_name(kind)


def short_name(kind: type) -> str:
    """The name of a type, for a message; likewise."""
    name: str = type.__dict__["__qualname__"].__get__(kind)
    return name


# Floats -----------------------------------------------------------------------------------------

# By the bits of a float: its struct code, the smallest normal number, the number of decimal digits
# that every number of that width keeps, and the number that tells each from its neighbours.
_WIDTHS: Final = {32: ("<f", 2.0**-126, 6, 9), 16: ("<e", 2.0**-14, 3, 5)}


def narrow(value: float, bits: int) -> float:
    """The float whose shortest text is that of ``value`` as a float of ``bits`` bits.

    These are the digits that numpy and orjson write: the shortest text that reads back as this
    number, and of several the nearest.
    """
    if value - value != 0 or not value:  # NaN, infinities, zeros
        return value
    code, least, few, most = _WIDTHS[bits]
    # A text shorter than `few` digits is among these too, except below the normal numbers.
    for count in range(few if abs(value) >= least else 1, most + 1):
        for found in _rounded(value, count):
            try:
                if struct.unpack(code, struct.pack(code, found))[0] == value:
                    return found
            except OverflowError:  # rounded above the largest number
                pass
    return value


def narrowed(values: Iterable[Any], bits: int) -> list[Any]:
    """The narrow floats of a column, of which some can be missing."""
    return [None if value is None else narrow(value, bits) for value in values]


def _rounded(value: float, count: int) -> tuple[float, ...]:
    """``value`` rounded to ``count`` digits. For a power of two, below which neighbours are twice
    as near, the next number too: it can read back where the nearest does not."""
    text = f"{value:.{count - 1}e}"
    if abs(frexp(value)[0]) != 0.5:
        return (float(text),)
    digits, _, exponent = text.partition("e")
    step = 10.0 ** (int(exponent) - count + 1)
    away = step if value > 0 else -step
    beside = float(f"{float(digits + 'e' + exponent) + away:.{count - 1}e}")
    return float(text), beside


# Moments ----------------------------------------------------------------------------------------

# Ticks per second by the name of the unit, which is the same in numpy, pandas, Arrow and polars.
PER_SECOND: Final = {
    "s": 1,
    "ms": 10**3,
    "us": 10**6,
    "ns": 10**9,
    "ps": 10**12,
    "fs": 10**15,
    "as": 10**18,
}
_EPOCH: Final = datetime(1970, 1, 1)
_FIRST_DAY: Final = _EPOCH.toordinal()
_BEYOND: Final = (
    "a time before the year 1 or after the year 9999 cannot be recorded; record it as text "
    "or as a number"
)


def moments(ticks: Iterable[int | None], per_second: int, zone: tzinfo | None) -> list[Any]:
    """Times from ``ticks`` since 1970 UTC, with ``per_second`` (a power of ten) ticks a second:
    aware if there is a zone, None if missing. Raises CellError."""
    fine = max(1, per_second // 1_000_000)
    coarse = max(1, 1_000_000 // per_second)
    places = len(str(per_second)) - 1
    return [
        None if tick is None else _moment(tick * coarse, fine, places - 6, zone) for tick in ticks
    ]


def _moment(ticks: int, fine: int, places: int, zone: tzinfo | None) -> datetime | str:
    micros, rest = divmod(ticks, fine)
    try:
        found = _EPOCH + timedelta(microseconds=micros)
        if zone is not None:
            found = found.replace(tzinfo=UTC).astimezone(zone)
            offset = found.utcoffset()
            assert offset is not None
            found = found.replace(tzinfo=timezone(offset), fold=0)
    except OverflowError:
        raise CellError(_BEYOND) from None
    if not rest:
        return found
    text = found.isoformat(timespec="microseconds")
    return f"{text[:26]}{rest:0{places}d}{text[26:]}"  # a datetime cannot hold these digits


def day(number: int) -> date:
    """The date ``number`` days after 1970-01-01. Raises CellError."""
    try:
        return date.fromordinal(_FIRST_DAY + number)
    except (ValueError, OverflowError):
        raise CellError(_BEYOND) from None


def zone_of(name: str) -> tzinfo:
    """The time zone with this name, or with an offset such as +02:00. Raises CellError."""
    make: Callable[[str], tzinfo] = ZoneInfo
    if name[:1] in ("+", "-"):
        make = _offset
    try:
        return make(name)
    except Exception:  # an unknown zone or an invalid name raises errors of several kinds
        raise CellError(
            f"the time zone {name[:64]} is unknown on this machine; install tzdata, or "
            "convert to UTC"
        ) from None


def _offset(text: str) -> tzinfo:
    hours, _, minutes = text[1:].partition(":")
    length = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-length if text[0] == "-" else length)
