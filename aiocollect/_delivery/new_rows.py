"""New rows for the spool, and what it must know of their lane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .._core.lines import Lines
from .._spool.format import NOTHING, LaneRecord
from .channel import Channel

__all__ = ["NewRows", "lane_of", "rows_of"]


class NewRows(NamedTuple):
    """Rows of a channel; ``first`` is the number of the first one."""

    channel: Channel
    first: int
    lines: Lines


def lane_of(channel: Channel, first: int) -> LaneRecord:
    """What another process needs to recreate the channel's lane, whose first row is ``first``."""
    lane, parts = channel.lane, channel.lane.parts
    return LaneRecord(
        number=0,
        slot=0,
        path=parts.path,
        header=parts.header,
        own=parts.own,
        writer=parts.writer,
        ordinal=parts.ordinal,
        content_type=channel.content_type,
        first=first,
        stand=lane.stand,
        sent=lane.under_way if lane.sending else NOTHING,
        serial=parts.serial,
    )


def rows_of(rows: Iterable[NewRows]) -> int:
    """How many rows; lines of the log are none."""
    return sum(len(one.lines) for one in rows if not one.channel.is_log)
