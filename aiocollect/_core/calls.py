"""What the ring holds: calls, as plain tuples, since collect() builds one each time."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["QUICK", "Call", "QuickCall", "whole"]

# What the ring holds: (correlation id, scoring time in microseconds, hour since 1970, parts,
# rows, cost, account, receipt or None). A plain tuple, since collect() builds one per call and a
# class costs 150 ns more. ``parts`` is a tuple of (stream, rows, number of rows), and, where
# redaction has left out rows before them, the index of the first one in the call.
Call: TypeAlias = tuple[str, int, int, "tuple[tuple[Any, ...], ...]", int, int, Any, Any]

# What the quick way (_engine/fast_path.py) puts there, since it is half of the price: (id, hour,
# scoring time in nanoseconds, row, cost, (stream, account)).
QuickCall: TypeAlias = tuple[str, int, int, tuple[Any, ...], int, tuple[Any, Any]]
QUICK = 6  # its length


def whole(quick: QuickCall) -> Call:
    """The call that a quick one stands for."""
    correlation_id, hour, time, row, cost, (stream, account) = quick
    return correlation_id, time // 1000, hour, ((stream, (row,), 1),), 1, cost, account, None
