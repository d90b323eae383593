"""Stamps: what a caller gives besides the value: id, time, and index of the first row.

Any of it can be an object whose methods raise, or give wrong answers; the recorder reports what
they raise.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .._core.ids import Ids
from ..context import correlation, in_force, of
from ..errors import EncodeError

__all__ = [
    "MAX_ID",
    "first_row",
    "id_text",
    "microseconds",
    "next_row",
    "row_index",
    "rows_at_a_guess",
    "skip_rows",
]

# Longer ones are not ids, and would be in every row.
MAX_ID = 256
# What readers hold exactly, also those that have no numbers but doubles.
MAX_ROW = 2**53


def id_text(correlation_id: Any, *, stream: str) -> str:
    """The id as plain text. Raises EncodeError."""
    if type(correlation_id) is not str and isinstance(correlation_id, str):
        correlation_id = str.__str__(correlation_id)  # numpy's, or an enumeration's
    if type(correlation_id) is not str or not correlation_id:
        raise EncodeError(f"{stream}: correlation_id must be text that is not empty", reason="id")
    if len(correlation_id) > MAX_ID:
        raise EncodeError(
            f"{stream}: correlation_id has {len(correlation_id)} characters, and the limit "
            f"is {MAX_ID}",
            reason="id",
        )
    return correlation_id


def microseconds(at: Any) -> int:
    """The scoring time since 1970. Raises EncodeError."""
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise EncodeError(
                "at= is a datetime without a time zone; use one with a zone, such as "
                "datetime.now(UTC)",
                reason="time",
            )
        try:
            at = at.timestamp()
        except Exception:  # methods of a time zone can raise anything
            raise EncodeError(
                "at= has a time zone that gives no offset; use datetime.timezone or zoneinfo",
                reason="time",
            ) from None
    elif isinstance(at, bool) or not isinstance(at, int | float):
        raise EncodeError("at= must be an aware datetime or seconds since 1970", reason="time")
    # From 1970 to the year 9999: what a date in a path can be.
    if not 0 <= at < 253_402_300_800:
        raise EncodeError("at= is not between the years 1970 and 9999", reason="time")
    time = round(at * 1_000_000)
    if type(time) is not int:
        raise EncodeError(
            "at= has a type that cannot be rounded to a number; pass a datetime or a float",
            reason="time",
        )
    return time


def row_index(row: Any, *, stream: str) -> int:
    """The index of the first row, as the caller gave it. Raises EncodeError."""
    if type(row) is not int and not isinstance(row, bool) and hasattr(type(row), "__index__"):
        row = operator.index(row)  # numpy's
    if type(row) is not int or not 0 <= row < MAX_ROW:
        raise EncodeError(
            f"{stream}: row= must be the index of the first row, a whole number from 0",
            reason="row",
        )
    return row


# Under one correlation() ------------------------------------------------------------------------


def first_row(
    context: correlation,
    counts: Sequence[tuple[Any, int]],
    *,
    row: int | None,
    ids: Ids,
) -> int:
    """The index of a call's first row; ``counts`` are its streams and their numbers of rows.

    Under a correlation() a stream goes on where its last call ended. It is known by its name, since
    a new collector may be created for each call, with other rules or another format. Streams that
    are recorded together begin together, so that they pair row by row. Rows of a call that is
    refused later are counted too: else the next ones would be joined with rows scored before them.
    """
    named = [(stream.label, number) for stream, number in counts]
    return ids.first_row(context._rows, named, row)


def next_row(correlation_id: str | None, stream: Any) -> int:
    """The index of a stream's next row, under the correlation() that is in force for this id."""
    context = in_force.get()
    if context is not None and correlation_id is not None and correlation_id != context.id:
        context = of(context, correlation_id)
    return 0 if context is None else context._rows.get(stream.label, 0)


def skip_rows(context: correlation | None, values: Sequence[tuple[Any, Any]], *, ids: Ids) -> None:
    """Count rows that are not recorded too, as far as their number is known."""
    if context is not None:
        counts = [(stream, rows_at_a_guess(value, stream)) for stream, value in values]
        first_row(context, counts, row=None, ids=ids)


def rows_at_a_guess(value: Any, stream: Any) -> int:
    """How many rows a value of the stream has that is not recorded: an estimate."""
    try:
        kind, is_column = type(value), stream.shape.is_column
        if kind is list or kind is tuple:
            inner = type(value[0]) if value else None
            are_rows = is_column or any(inner is one for one in (list, tuple, dict))
            return len(value) if are_rows else 1
        shape: tuple[int, ...] = getattr(value, "shape", ())
        return int(shape[0]) if len(shape) > 1 or (shape and is_column) else 1
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # methods of a value can raise anything
        return 1
