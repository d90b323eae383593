"""The text of values that are neither number nor text, and of text that UTF-8 has no bytes for.

Decimal
    ``str()``: its exact digits, sign (of zero too), trailing zeros and exponent: ``-0.00``,
    ``1E+5``. NaN of every kind is ``NaN``; the caller chooses the infinities' words.
datetime, date
    ISO 8601 by ``isoformat()``; a datetime always with six decimals, an aware one with its offset
    (``+00:00``, never Z), a naive one without.
UUID
    36 characters in lower case.
bytes
    base64 (RFC 4648, section 4: the usual alphabet, with padding).
list, tuple, dict
    compact JSON (RFC 8259); values that JSON cannot express are strings.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isnan
from typing import Any, Final

import orjson

from ..errors import EncodeError

__all__ = ["DEEPEST", "JSON_WORDS", "SURROGATES", "TEXTS", "Plain", "digits", "is_uuid"]

SURROGATES: Final = re.compile("[\ud800-\udfff]")

# Missing, NaN, infinity and minus infinity, for which JSON's own null is not enough.
JSON_WORDS: Final = (b"null", b'"NaN"', b'"Infinity"', b'"-Infinity"')


def digits(number: int) -> str:
    """All digits of an integer; str() stops at 4,300: sys.get_int_max_str_digits()."""
    return str(number) if number.bit_length() <= 8192 else str(Decimal(number))


def is_uuid(cell: Any) -> bool:
    """Whether it is a uuid.UUID; by name, since importing that module asks the machine for its
    address."""
    kind = type(cell)
    return kind.__name__ == "UUID" and kind.__module__ == "uuid"


def _decimal(cell: Decimal) -> str:
    if cell.is_nan():
        return "NaN"
    return str(cell)


def _moment(cell: datetime) -> str:
    return cell.isoformat(timespec="microseconds")


def _base64(cell: bytes) -> str:
    return b2a_base64(cell, newline=False).decode()


# By exact type: a subclass can have an isoformat() of its own, and a datetime is also a date.
TEXTS: Final[dict[type, Callable[[Any], str]]] = {
    Decimal: _decimal,
    datetime: _moment,
    date: date.isoformat,
    bytes: _base64,
}


# Deeper nesting is refused. orjson is meant to stop at 254 levels but does not for tuples: 3.13.0
# continues, and somewhere between 600 and 1,100 levels it damages the heap, which takes the process
# down. So the engine, too, must refuse deeper values before an encoder gets them.
DEEPEST: Final = 100


class Plain:
    """Turns a cell, nested or not, into the value that orjson writes as the promised JSON. ``huge``
    converts an integer beyond 64 bits. ``replaced`` counts surrogates."""

    __slots__ = ("_huge", "replaced")

    def __init__(self, huge: Callable[[int], Any]) -> None:
        self._huge = huge
        self.replaced = 0

    def __repr__(self) -> str:
        return f"<Plain, {self.replaced} surrogates replaced>"

    def text(self, text: str) -> str:
        """The text with U+FFFD in place of each lone surrogate, for which UTF-8 has no bytes."""
        if not text.isascii():
            text, replaced = SURROGATES.subn("\ufffd", text)
            self.replaced += replaced
        return text

    def __call__(self, cell: Any, level: int = 0) -> Any:
        """The value for orjson; ``level`` counts its nesting. Raises EncodeError, without the
        value, for a type without a text and for deep nesting."""
        kind = type(cell)
        if cell is None or kind is bool or (kind is float and cell - cell == 0):
            return cell
        if kind is str:
            return self.text(cell)
        if kind is int:
            return cell if -(2**63) <= cell < 2**64 else self._huge(cell)
        if kind is float:
            return "NaN" if isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
        if kind is tuple or kind is dict:
            if level >= DEEPEST:
                raise EncodeError(f"a cell is nested deeper than {DEEPEST} levels")
            if kind is dict:
                return orjson.Fragment(self._object(cell, level + 1))
            return [self(inner, level + 1) for inner in cell]
        if kind in TEXTS:
            return TEXTS[kind](cell)
        if is_uuid(cell):
            return str(cell)
        raise EncodeError("a cell has a type that cannot be written")

    def json(self, cell: Any) -> bytes:
        """The compact JSON of the cell."""
        return orjson.dumps(self(cell))

    def _object(self, cell: dict[Any, Any], level: int) -> bytes:
        # By hand: two keys that differ only by a surrogate must both stay.
        pairs = []
        for key, value in cell.items():
            if type(key) is not str:
                raise EncodeError("a key of a nested value is not text")
            pairs.append(orjson.dumps(self.text(key)) + b":" + orjson.dumps(self(value, level)))
        return b"{" + b",".join(pairs) + b"}"
