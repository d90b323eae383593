"""Files read back by the documented rules alone; shares no code with the encoders.

CSV, where a field without quotes is told by its look:

==================  ==============================================================================
nothing             None: missing
true, false         bool
digits              int, however many
point or exponent   float; and ``NaN``, ``inf``, ``-inf``
day, moment         date, datetime in ISO 8601, as they are written: six decimals, ``T``
else, or in quotes  str
==================  ==============================================================================

These share an appearance and are seen as something else until the column's type is told: a Decimal
is seen as an int or a float; a UUID, bytes (base64) and nested values (JSON) as str. A NaN has no
sign, a Decimal's NaN no payload, and each lone surrogate is U+FFFD. A lone missing cell in a file
of one column is ``""``, as empty text is.

JSONL: null, truth values, strings and numbers are what JSON says, a number with a point or an
exponent a float, else an int of at most 64 bits. Strings until the type is told: longer ints, NaN
and the infinities (``"NaN"``, ``"Infinity"``, ``"-Infinity"``), Decimal, datetime, date, UUID and
bytes. Lists and objects are nested values, in which all of this holds again.

:func:`key` makes of a value what is equal exactly where value and type are.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

__all__ = [
    "Pairs",
    "bare",
    "clean",
    "could_be_more",
    "key",
    "lines_of",
    "plain",
    "seen",
    "table_of",
    "told",
]

SURROGATES: Final = re.compile("[\ud800-\udfff]")

# A bare field has no quote, no separator and no control character.
_field: Final = re.compile('("(?:[^"]|"")*+"|[^",\x00-\x1f\x7f\ufeff]*+)([,\n])').findall

_look: Final = re.compile(
    r"""(?P<missing>)
      | (?P<truth> true|false)
      | (?P<whole> -?[0-9]++)
      | (?P<point> -?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)? | NaN | -?inf)
      | (?P<moment> [0-9]{4}-[0-9]{2}-[0-9]{2} T [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}
            (?: [+-][0-9]{2}:[0-9]{2} (?: :[0-9]{2} (?: \.[0-9]{6} )? )? )?)
      | (?P<day> [0-9]{4}-[0-9]{2}-[0-9]{2})""",
    re.VERBOSE,
).fullmatch


class Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as its pairs, in order: names may repeat."""

    __slots__ = ()


def _whole(text: str) -> int:
    # int() ends at 4,300 digits.
    return int(text) if len(text) < 4000 else int(Decimal(text))


def _moment(text: str) -> datetime:
    # fromisoformat() takes an offset of less than a second for none (CPython 3.11 to 3.13).
    found = datetime.fromisoformat(text[:26])
    if offset := text[26:]:
        hours, minutes, *seconds = offset[1:].split(":")
        length = timedelta(
            hours=int(hours),
            minutes=int(minutes),
            microseconds=int(Decimal(seconds[0]) * 1_000_000) if seconds else 0,
        )
        found = found.replace(tzinfo=timezone(-length if offset[0] == "-" else length))
    return found


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "missing": lambda text: None,
    "truth": lambda text: text == "true",
    "whole": _whole,
    "point": float,
    "moment": _moment,
    "day": date.fromisoformat,
}


# pandas' default na_values, from the documentation of read_csv, and words for truth.
_WORDS: Final = frozenset(
    (
        *("", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan"),
        *("<na>", "n/a", "na", "null", "nan", "none", "true", "false"),
    )
)


# CSV -----------------------------------------------------------------------------------------


def table_of(data: bytes, width: int) -> list[list[str]]:
    """The columns of a CSV file of so many, header included, as fields with their quotes.

    ValueError where a byte has no rule, or a row is of another width.
    """
    text = data.decode("utf-8")
    found = _field(text)
    fields = [raw for raw, _ in found]
    if sum(map(len, fields)) + len(fields) != len(text):
        raise ValueError("there is something between two fields")
    if [end for _, end in found] != ([","] * (width - 1) + ["\n"]) * (len(found) // width):
        raise ValueError("a row has another number of fields")
    return [fields[at::width] for at in range(width)]


def bare(field: str) -> str:
    """The text of a field, without its quotes."""
    return field[1:-1].replace('""', '"') if field[:1] == '"' else field


def seen(field: str) -> Any:
    """The value of a field of which nothing is known but its look."""
    if field[:1] == '"':
        return field[1:-1].replace('""', '"')
    look = _look(field)
    if look is None:
        return field
    return _READ[str(look.lastgroup)](field)


def could_be_more(text: str) -> bool:
    """Whether Python or pandas may take text without quotes for something else than text."""
    if text.lower() in _WORDS:
        return True
    for read in (float, lambda text: int(text, 0), lambda text: int(text, 10)):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False


def told(field: str, kind: type) -> Any:
    """The value of a field that is known to be of a type or missing; ValueError where it is not."""
    if field == "":
        return None
    if kind is Decimal:
        if field[:1] == '"':
            raise ValueError("a Decimal in quotes")
        return Decimal(field)
    if kind in (UUID, bytes, tuple, dict):
        text = bare(field)
        if kind is UUID:
            return UUID(text)
        if kind is bytes:
            return base64.b64decode(text, validate=True)
        return _loads(text)
    return seen(field)


# JSONL ---------------------------------------------------------------------------------------


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_constant=_no_constant, parse_int=_whole
)


def _loads(text: str) -> Any:
    return _DECODER.decode(text)


def lines_of(data: bytes) -> list[Pairs]:
    """The rows of a JSONL file."""
    if not data.endswith(b"\n"):
        raise ValueError("the last line does not end")
    return [_loads(line) for line in data[:-1].decode("utf-8").split("\n")]


# What is to be found -------------------------------------------------------------------------


def clean(text: str) -> str:
    """The text as UTF-8 can have it."""
    return text if text.isascii() else SURROGATES.sub("\ufffd", text)


def plain(value: Any, *, longest: int | None = 64) -> Any:
    """The value as JSON has it; ints of more bits than ``longest`` (None: none) are strings."""
    kind = type(value)
    if kind is str:
        return clean(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if longest is None or -(2 ** (longest - 1)) <= value < 2**longest:
            return value
        return str(Decimal(value))
    if kind is float:
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if kind is tuple:
        return [plain(one, longest=longest) for one in value]
    if kind is dict:
        return Pairs((clean(name), plain(one, longest=longest)) for name, one in value.items())
    if kind is Decimal:
        return "NaN" if value.is_nan() else str(value)
    if kind is datetime:
        return value.isoformat(timespec="microseconds")
    if kind is bytes:
        return base64.b64encode(value).decode()
    return str(value)


def key(value: Any) -> Any:
    """Equal for two values exactly where type and value are: to the last bit, digit and offset."""
    kind = type(value)
    if kind is str or kind is bool or kind is int:
        return kind, value
    if kind is float:
        return kind, "NaN" if value != value else struct.pack("<d", value)
    if kind is Decimal:
        return kind, "NaN" if value.is_nan() else value.as_tuple()
    if kind is datetime:
        return kind, value.replace(tzinfo=None, fold=0), value.utcoffset()
    if kind is list or kind is tuple or kind is Pairs:
        return kind, tuple(map(key, value))
    return kind, value
