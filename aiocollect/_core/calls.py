"""What the ring holds: calls, as plain tuples, since collect() builds one each time, and a class
would cost 150 ns more."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

__all__ = ["CALL_ACCOUNT", "CALL_COST", "Call"]

# (correlation id, scoring time in microseconds, hour since 1970, parts, rows, cost in bytes,
# account, receipt or None). ``parts`` is a tuple of (stream, rows, number of rows), and, where it
# is not 0, the index of the first one in the call.
Call: TypeAlias = tuple[str, int, int, "tuple[tuple[Any, ...], ...]", int, int, Any, Any]
# For code that needs one field alone; all other code unpacks the tuple.
CALL_COST: Final = 5
CALL_ACCOUNT: Final = 6
