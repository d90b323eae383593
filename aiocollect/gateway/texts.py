"""Texts: JSON, times, ids and names as they come in, read strictly.

Invariants: a number of JSON is never rounded unless it has a fraction or an exponent; what is
returned as raw JSON is sound, and exactly what was sent; problems name the field, never its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import orjson

from .problems import Problem

__all__ = ["check_json", "members", "moment", "name", "parse", "text"]

MAX_NAME: Final = 128
MAX_ID: Final = 256
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_PAIRS: Final = re.compile(rb"\[\]|\{\}")
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
# From here on orjson makes a float of an integer (above 64 bits).
_LONG: Final = re.compile(rb"\d{19}")
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def parse(body: bytes, *, depth: int, field: str = "body") -> Any:
    """The value of a JSON text that is nested at most ``depth`` deep. Raises Problem."""
    value = _loads(body, depth, field)
    if _LONG.search(body):
        try:
            return _decoder.decode(body.decode().strip(" \t\r\n"))
        except ValueError:  # thousands of digits, which Python does not take
            raise Problem(422, "number", "a number has too many digits", field=field) from None
    return value


def check_json(body: bytes, *, depth: int, field: str) -> str:
    """A JSON text as it was sent, once it is known to be sound. Raises Problem."""
    _loads(body, depth, field)
    return body.decode()


def _loads(body: bytes, depth: int, field: str) -> Any:
    try:
        value = orjson.loads(body)  # stops at a depth of 1,024 itself
    except ValueError:
        if _deeper(body, 1000):
            raise _too_deep(depth, field) from None
        detail = "this is no JSON in UTF-8 (RFC 8259), or has a number beyond all doubles"
        raise Problem(400, "json", detail, field=field) from None
    if _deeper(body, depth):
        raise _too_deep(depth, field)
    return value


def _deeper(body: bytes, depth: int) -> bool:
    """Whether a JSON text is nested deeper. Each round takes the innermost brackets away."""
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    for _ in range(depth):
        if not brackets:
            return False
        shorter = _PAIRS.sub(b"", brackets)
        if shorter == brackets:
            return False  # not JSON: says the parser
        brackets = shorter
    return bool(brackets)


def _too_deep(depth: int, field: str) -> Problem:
    return Problem(422, "depth", f"it is nested deeper than {depth} levels", field=field)


def members(raw: str) -> Iterator[tuple[str, Any, str]]:
    """Name, value and raw text of each member of a sound JSON object; for an array, of each
    element, without a name."""
    place = _skip(raw, 0)
    named = raw[place] == "{"
    place = _skip(raw, place + 1)
    while raw[place] not in "]}":
        key = ""
        if named:
            key, place = _decoder.raw_decode(raw, place)
            place = _skip(raw, _skip(raw, place) + 1)
        value, end = _decoder.raw_decode(raw, place)
        yield key, value, raw[place:end]
        place = _skip(raw, end)
        if raw[place] == ",":
            place = _skip(raw, place + 1)


def _skip(raw: str, place: int) -> int:
    found = _SPACE.match(raw, place)
    assert found is not None
    return found.end()


def _no_constant(word: str) -> Any:
    raise ValueError(word)


_decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def moment(value: Any, *, field: str) -> float | datetime | None:
    """A time: seconds since 1970, or a text of RFC 3339 with a zone; None stays None."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        try:
            if value.replace(".", "", 1).isdecimal():
                return float(value)
            at = datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at
    detail = "a time is seconds since 1970, or a text such as 2026-01-31T23:59:58Z"
    raise Problem(422, "time", detail, field=field)


def text(value: Any, *, field: str, most: int = MAX_ID) -> str:
    """A text that is not empty, not longer than ``most``, and can be shown. Raises Problem."""
    if not isinstance(value, str) or not value:
        raise Problem(422, "text", "this must be a text, not empty", field=field)
    if len(value) > most:
        raise Problem(422, "text", f"this is longer than {most} characters", field=field)
    # Neither line ends, which would forge lines of a log, nor halves of surrogate pairs.
    if not value.isprintable():
        raise Problem(422, "text", "this holds characters that cannot be shown", field=field)
    return value


def name(value: Any, *, field: str) -> str:
    """A segment of a path. Raises Problem."""
    return text(value, field=field, most=MAX_NAME)
