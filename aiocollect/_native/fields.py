"""The bases without the core: their fields, and nothing else."""

from __future__ import annotations


class GateBase:
    """``every`` call is recorded; else ids whose CRC-32 is below ``limit``. 0 is off."""

    __slots__ = ("every", "limit")
    every: bool
    limit: int


class ShapeBase:
    """What the fast path knows of a stream's columns."""

    __slots__ = ("array", "fast_length", "features", "max_bytes", "numbers", "row_cost")
    array: type | None  # numpy's, once one has come
    features: tuple[str, ...] | None
    max_bytes: int
    numbers: bool  # no column has had what is no number
    fast_length: int  # how long a list is that is one row; -1: none is
    row_cost: int


class StreamBase:
    """``seen`` is the hour of the latest row that was accepted, ``label`` the stream's name."""

    __slots__ = ("label", "seen")
    label: str
    seen: int


class ScoringBase:
    """What is known of one scoring: see context.correlation."""

    __slots__ = ("_hour", "_rows", "id")
    _hour: int | None
    _rows: dict[str, int]
    id: str | None
