"""The bases without the core: their fields, and nothing else."""

from __future__ import annotations

from typing import Any


class GateBase:
    """``every`` call is recorded; else ids whose CRC-32 is below ``limit``. 0 is off."""

    __slots__ = ("every", "limit")
    every: bool
    limit: int


class ShapeBase:
    """What the core knows of a stream's columns."""

    __slots__ = ("array", "features", "is_column", "max_bytes", "texts", "width")
    array: type | None  # numpy's, once one has come
    features: tuple[str, ...] | None
    is_column: bool  # there is one feature, and it was named: a 1-D value is n rows
    max_bytes: int
    texts: bytes | None  # a byte for each column, 1: it has had what is no number
    width: int  # how many cells a row has; -1 until the columns are fixed and admitted


class StreamBase:
    """``seen`` is the hour of the latest row that was accepted, ``hour`` that of its current
    channel, ``_others`` those of other hours, ``label`` its name."""

    __slots__ = ("_others", "hour", "label", "seen")
    _others: dict[int, Any] | None
    hour: int
    label: str
    seen: int


class ScoringBase:
    """What is known of one scoring: see context.correlation."""

    __slots__ = ("_hour", "_outer", "_rows", "carries_day", "id")
    _hour: int | None
    _outer: Any
    _rows: dict[str, int]
    carries_day: bool
    id: str | None
