"""What the ring holds: calls, as plain tuples, since collect() builds one each time.

A class would cost 150 ns more. There are two kinds, told apart by their length: whole calls, and
those of the fast path (_engine/fast_path.py), which leaves out all that is the same in each.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

__all__ = ["CALL_ACCOUNT", "CALL_COST", "FAST_LENGTH", "Call", "FastCall", "whole"]

# (correlation id, scoring time in microseconds, hour since 1970, parts, rows, cost in bytes,
# account, receipt or None). ``parts`` is a tuple of (stream, rows, number of rows), and, where
# redaction has left out rows before them, the index of the first one in the call.
Call: TypeAlias = tuple[str, int, int, "tuple[tuple[Any, ...], ...]", int, int, Any, Any]
# For code that needs one field alone; all other code unpacks the tuple.
CALL_COST: Final = 5
CALL_ACCOUNT: Final = 6

# (correlation id, hour, scoring time in nanoseconds, row, cost, (stream, account)).
FastCall: TypeAlias = tuple[str, int, int, tuple[Any, ...], int, tuple[Any, Any]]
FAST_LENGTH: Final = 6


def whole(fast: FastCall) -> Call:
    """The call of the fast path, in the general form."""
    correlation_id, hour, time, row, cost, (stream, account) = fast
    return correlation_id, time // 1000, hour, ((stream, (row,), 1),), 1, cost, account, None
