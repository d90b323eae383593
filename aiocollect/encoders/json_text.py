"""JSON as senders write it: which texts are valid, and a lenient reading beside that of RFC 8259.

Accepted beyond the RFC are the words NaN, Infinity and -Infinity, which Python, Spark, pandas,
DuckDB and TensorFlow Serving write and read; numbers beyond all doubles; halves of surrogate pairs
as escapes; integers of any number of digits. The time is linear in the text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import orjson

__all__ = ["is_json", "lenient_decoder"]


def lenient_decoder(
    *,
    integer: Callable[[str], Any],
    number: Callable[[str], Any],
    word: Callable[[str], Any],
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> json.JSONDecoder:
    """A decoder whose functions make an integer, a number with a fraction or exponent, and one of
    the three words. Raises ValueError, and RecursionError for a text that is nested too deep."""
    return json.JSONDecoder(
        parse_int=integer, parse_float=number, parse_constant=word, object_pairs_hook=pairs
    )


def is_json(data: bytes) -> bool:
    """Whether ``data`` is one JSON text in UTF-8 without a byte order mark, as above."""
    try:
        orjson.loads(data)
    except ValueError:
        try:
            _checker.decode(data.decode())
        except (ValueError, RecursionError):
            return False
    return True


def _nothing(text: str) -> None:
    """The value of a number of which only the form matters: int() of many digits is slow."""


_checker: Final = lenient_decoder(integer=_nothing, number=_nothing, word=_nothing)
