"""What a call is charged, by estimate, until its rows are encoded.

A float is 24 bytes of heap and its pointer 8; a row's tuple 40 and the text of its id, time and
index about 80; a call's tuple, id and slot about 250.
"""

from __future__ import annotations

from functools import cache

__all__ = ["CALL_COST", "CELL_COST", "ROW_COST", "estimate", "row_cost", "too_large"]

CELL_COST = 32
ROW_COST = 120
CALL_COST = 250


def estimate(rows: int, width: int) -> int:
    """The heap bytes of a call of so many rows of numbers."""
    return CALL_COST + rows * (ROW_COST + CELL_COST * width)


@cache
def row_cost(width: int) -> int:
    """That of one row: one number for all streams of this width."""
    return estimate(1, width)


def too_large(cost: int, limit: int) -> str:
    """Why a call is refused for its size."""
    return (
        f"a call of about {cost} bytes exceeds limits.max_call_bytes={limit}; collect "
        "fewer rows at a time"
    )
