"""Texts: JSON, times, ids and names from senders.

JSON is read as senders write it: with NaN and the infinities, numbers outside the range of doubles,
lone surrogates, a byte order mark. Invariants: a number is never rounded unless it has a fraction
or an exponent, and never to zero or infinity; what is returned as raw JSON is what was sent; all
work is linear in the size; problems name the field, never its value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, DecimalException
from typing import Any, Final

import orjson

from aiocollect.encoders.json_text import is_json, lenient_decoder

from .problems import Problem

__all__ = ["check_json", "members", "moment", "name", "parse", "text"]

MAX_NAME: Final = 128
MAX_ID: Final = 256
# Longer than any time: float() accepts a megabyte of digits.
_LONGEST_TIME: Final = 64
_LEAP: Final = re.compile(r"(:\d\d):60(?:\.\d+)?(?=Z|[+-])")
_MARK: Final = b"\xef\xbb\xbf"
# Python's own limit for int(), which keeps that from being quadratic.
_MOST_DIGITS: Final = 4300
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
# The closing quote is optional: otherwise each quote would be tried again, up to the end.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
# What orjson rounds: integers above 64 bits, and numbers near the limits of doubles.
_ROUNDED: Final = re.compile(rb"\d{19}|[eE][-+]?\d{3}")
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def parse(body: bytes, *, depth: int, field: str = "body") -> Any:
    """The value of a JSON text that is nested at most ``depth`` deep. Raises Problem; also for an
    object that has a name twice, since one of the two cells would be lost."""
    body = body.removeprefix(_MARK)
    _check_depth(body, depth, field)
    value: Any = None
    if _ROUNDED.search(body) is None:
        try:
            value = orjson.loads(body)
        except ValueError:
            pass  # the lenient decoder below may accept it
        else:
            names = _STRINGS.sub(b"", body).count(b":")
            if _number_of_names(value, names) == names:
                return value
    try:
        return _rows.decode(body.decode().strip(" \t\r\n"))
    except _Twice:
        detail = "an object has two members with the same name, of which only one could be recorded"
        raise Problem(422, "json", detail, field=field) from None
    except (ValueError, RecursionError):
        raise _no_json(field) from None


def check_json(body: bytes, *, depth: int, field: str) -> str:
    """A JSON text as it was sent, without its byte order mark. Raises Problem."""
    body = body.removeprefix(_MARK)
    _check_depth(body, depth, field)
    if not is_json(body):
        raise _no_json(field)
    return body.decode()


def _no_json(field: str) -> Problem:
    return Problem(400, "json", "this is not valid JSON in UTF-8 (RFC 8259)", field=field)


def _check_depth(body: bytes, depth: int, field: str) -> None:
    if _deeper(body, depth):
        raise Problem(422, "depth", f"it is nested deeper than {depth} levels", field=field)


def _deeper(body: bytes, depth: int) -> bool:
    """Whether a JSON text is nested deeper; for other text the answer means nothing.

    Each of at most ``depth`` rounds removes the innermost pairs, at the speed of memory.
    """
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    brackets = _STRINGS.sub(b"", body).translate(_BRACKETS, _NOT_BRACKETS)
    if brackets.startswith(b"[" * (depth + 1)):
        return True
    for _ in range(depth):
        shorter = brackets.replace(b"[]", b"")
        if len(shorter) == len(brackets):
            return False  # nothing is left, or this is not JSON: the parser decides
        brackets = shorter
    return bool(brackets)


def _number_of_names(value: Any, most: int) -> int:
    """How many names the objects in a value have; counting stops at ``most``."""
    found = 0
    level = [value]
    while level and found < most:
        found += sum([len(one) for one in level if type(one) is dict])
        if found < most:
            inner = [one.values() if type(one) is dict else one for one in level]
            level = [one for some in inner for one in some if type(one) in (dict, list)]
    return found


def members(raw: str) -> Iterator[tuple[str, Any, str]]:
    """Name, value and raw text of each member of a JSON object that check_json() has accepted; for
    an array, of each element, without a name."""
    place = _skip(raw, 0)
    named = raw[place] == "{"
    place = _skip(raw, place + 1)
    while raw[place] not in "]}":
        key = ""
        if named:
            key, place = _plain.raw_decode(raw, place)
            place = _skip(raw, _skip(raw, place) + 1)
        value, end = _plain.raw_decode(raw, place)
        yield key, value, raw[place:end]
        place = _skip(raw, end)
        if raw[place] == ",":
            place = _skip(raw, place + 1)


def _skip(raw: str, place: int) -> int:
    found = _SPACE.match(raw, place)
    assert found is not None
    return found.end()


class _Twice(ValueError):
    """A name that an object has twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)


def _number(digits: str) -> float | Decimal | str:
    """A float, unless it would be rounded to zero or infinity."""
    found = float(digits)
    if math.isinf(found) or (not found and re.search("[1-9]", digits.lower().partition("e")[0])):
        try:
            return Decimal(digits)
        except DecimalException:  # an exponent of twenty digits
            return digits
    return found


_rows: Final = lenient_decoder(integer=_integer, number=_number, word=float, pairs=_object)
_plain: Final = lenient_decoder(integer=_integer, number=_number, word=float)


def moment(value: Any, *, field: str) -> float | datetime | None:
    """A time: seconds since 1970, or a text of RFC 3339 with a zone; None stays None."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        try:
            if len(value) > _LONGEST_TIME:
                raise ValueError
            if value.replace(".", "", 1).isdecimal():
                return float(value)
            # RFC 3339 allows lower-case letters, and leap seconds, which no clock here has: each
            # becomes the last microsecond of its minute.
            at = datetime.fromisoformat(_LEAP.sub(r"\g<1>:59.999999", value.upper()))
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at
    detail = "a time must be seconds since 1970, or text such as 2026-01-31T23:59:58Z"
    raise Problem(422, "time", detail, field=field)


def text(value: Any, *, field: str, most: int = MAX_ID) -> str:
    """A text that is not empty, not longer than ``most``, and can be shown. Raises Problem."""
    if not isinstance(value, str) or not value:
        raise Problem(422, "text", "this must be text that is not empty", field=field)
    if len(value) > most:
        raise Problem(422, "text", f"this is longer than {most} characters", field=field)
    # No line ends, which could forge lines of a log, and no lone surrogates.
    if not value.isprintable():
        raise Problem(422, "text", "this contains unprintable characters", field=field)
    return value


def name(value: Any, *, field: str) -> str:
    """A segment of a path. Raises Problem."""
    return text(value, field=field, most=MAX_NAME)
