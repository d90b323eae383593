"""Which rows of a folder are of a span of time. Pure, over Arrow.

A row belongs to the time of its scoring, which our ids carry to the millisecond; within that one,
and for ids of others, the row's own time decides. So a label that came weeks later is of the time
of what it labels.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...typing import METADATA
from .matching import is_ours

__all__ = ["within"]

ID, TIME, _ = METADATA


def within(table: Any, begin: int, end: int) -> Any:
    """The rows of [begin, end), in microseconds since 1970. The table has id and time."""
    moment = pc.cast(table[TIME], pa.int64())
    own = pc.and_(pc.greater_equal(moment, begin), pc.less(moment, end))
    ids = table[ID]
    said = pc.utf8_slice_codeunits(ids, 0, 13)
    first, last = _said(begin), _said(end)
    after = pc.or_(
        pc.greater(said, first), pc.and_(pc.equal(said, first), pc.greater_equal(moment, begin))
    )
    before = pc.or_(pc.less(said, last), pc.and_(pc.equal(said, last), pc.less(moment, end)))
    mask = pc.if_else(pc.fill_null(is_ours(ids), False), pc.and_(after, before), own)
    return table.filter(pc.fill_null(mask, False))


def _said(moment: int) -> str:
    """How one of our ids of this time begins."""
    milliseconds = max(0, moment // 1000)
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}"
