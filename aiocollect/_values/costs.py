"""What a call is charged, by estimate, until its rows are encoded.

A float takes 24 bytes of heap and 8 for its pointer; the tuple of a row 40, and the text of its id,
time and index about 80; the tuple, id and slot of a call about 250.
"""

from __future__ import annotations

from functools import cache

__all__ = ["CALL_COST", "CELL_COST", "ROW_COST", "estimate", "row_cost", "too_large"]

CELL_COST = 32
ROW_COST = 120
CALL_COST = 250


def estimate(rows: int, width: int) -> int:
    """Bytes of heap of a call with ``rows`` rows of ``width`` numbers."""
    return CALL_COST + rows * (ROW_COST + CELL_COST * width)


@cache
def row_cost(width: int) -> int:
    """The estimate of one row: a single number for all streams of this width."""
    return estimate(1, width)


def too_large(cost: int, limit: int) -> str:
    """The message for a call that is refused for its size."""
    return (
        f"a call of about {cost} bytes exceeds limits.max_call_bytes={limit}; collect "
        "fewer rows at a time"
    )
