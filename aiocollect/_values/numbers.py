"""Many rows of numbers, frozen at once: written as text by one call, or as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import orjson

from .cells import NUMERIC

__all__ = ["at_once"]

# Anything that is not exactly a JSON type must be frozen cell by cell instead.
_EXACT: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_QUOTE, _NULL, _BRACE = b'"n{'
_row: Final = itemgetter(slice(None, -2))  # of "1,2]," and "1,2]]"


def at_once(rows: Sequence[Any], width: int, *, write: bool) -> Any:
    """The rows, if all consist of numbers and have this width: written, if ``write`` and possible,
    else as tuples. None if they do not."""
    if set(map(len, rows)) != {width}:
        return None
    return (_written(rows, width) if write else None) or _as_tuples(rows, width)


def _written(rows: Sequence[Any], width: int) -> list[bytes] | None:
    """Written rows (see QuickEncoder): one call of orjson copies them, checks their types and
    encodes them."""
    count = len(rows)
    try:
        text = orjson.dumps(rows, None, _EXACT)
    except TypeError:
        return None
    found = text.split(b"[")
    # No text, null (missing or NaN) or dict; nothing nested; and no row that another thread
    # extended between the check of the lengths and the writing.
    odd = _QUOTE in text or _NULL in text or _BRACE in text
    if odd or len(found) != count + 2 or set(map(len, rows)) != {width}:
        return None
    return list(map(_row, found[2:]))


def _as_tuples(rows: Sequence[Any], width: int) -> tuple[Any, ...] | None:
    """Tuples, frozen at a third of the cost of one by one."""
    frozen = tuple(map(tuple, rows))
    if set(map(len, frozen)) != {width}:
        return None
    try:
        plain = NUMERIC.issuperset(map(type, chain.from_iterable(frozen)))
    except TypeError:  # one of the types cannot be hashed
        return None
    return frozen if plain else None
