"""Correlation ids that carry the day, and scoring times that are unique per writer.

An id is a UUIDv8 (RFC 9562, section 5.8) as text::

    mmmmmmmm-mmmm-8ccc-acww-wwwwwwwwcccc
    |             |    | |          └ counter, low 16 bits
    |             |    | └ writer id, 40 bits: this process in this life
    |             |    └ variant, and our mark
    |             └ version 8, counter, high 12 bits
    └ milliseconds since 1970 of the scoring time

So whatever is collected under one of our ids, weeks later too, goes to the day of the scoring.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

__all__ = ["DAY_US", "HEX", "HOUR_US", "Ids", "hour_of_id", "timestamp_text"]

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
# Looking the last digits up takes a third of the time of formatting them.
HEX: Final = tuple(f"{byte:02x}" for byte in range(256))
STEP: Final = 60_000_000
LAST_HOUR: Final = 2_932_897 * 24  # 10000-01-01
_is_ours: Final = re.compile(
    "([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-ac[0-9a-f]{2}-[0-9a-f]{12}"
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ids:
    """Makes the ids and scoring times of one writer. From any thread.

    ``writer`` is ten hexadecimal digits. What the next ids have in common is at hand for one
    millisecond and 256 ids, in attributes that quick.py reads too: the millisecond's ``start_ns``
    and ``start``, its ``hour``, and the ``prefix`` for counts below ``end``. ``last`` is the newest
    scoring time, counted from ``start``: may be of another millisecond. All in microseconds but
    ``start_ns``. They are read, and replaced, in stretches without a call: atomic for the reason
    given at the head of ring.py.
    """

    __slots__ = ("count", "end", "hour", "last", "prefix", "start", "start_ns", "writer")

    def __init__(self, writer: str) -> None:
        assert len(writer) == 10
        int(writer, 16)
        self.writer = writer
        self.count = 0
        self.start = self.start_ns = 0
        self.hour = 0
        self.prefix = ""
        self.end = 0
        self.last = 0

    def __repr__(self) -> str:
        return f"<Ids of writer {self.writer}, {self.count} made>"

    def time(self, now: int) -> int:
        """``now`` (microseconds), or the next one that this writer has not given out yet.

        Where the clock is set back by more than a step, it was wrong before, and is followed.
        """
        # No call from reading to writing.
        start = self.start
        last = start + self.last
        if last - STEP < now <= last:
            now = last + 1
        self.last = now - start
        return now

    def id(self, time: int) -> str:
        """A new id of the scoring time ``time`` (microseconds)."""
        # As above.
        count = self.count
        self.count = count + 1
        if 0 <= time - self.start < 1000 and count < self.end:
            return self.prefix + HEX[count & 0xFF]
        return self._begin(time, count) + HEX[count & 0xFF]

    def stamp(self, now: int) -> tuple[str, int, int]:
        """A new id, scoring time and its hour; ``now`` in microseconds."""
        time = self.time(now)
        return self.id(time), time, time // HOUR_US

    def _begin(self, time: int, count: int) -> str:
        """Have the prefix of another millisecond, or of the next 256 ids, at hand."""
        milliseconds = time // 1000
        writer = self.writer
        prefix = (
            f"{milliseconds >> 16 & 0xFFFFFFFF:08x}-{milliseconds & 0xFFFF:04x}"
            f"-8{count >> 16 & 0xFFF:03x}-ac{writer[:2]}-{writer[2:]}{count >> 8 & 0xFF:02x}"
        )
        start = milliseconds * 1000
        start_ns = start * 1000
        hour = start // HOUR_US
        end = (count | 0xFF) + 1
        # As above. Counts only grow: where another thread was faster, this end is passed by now.
        self.last += self.start - start
        self.start = start
        self.start_ns = start_ns
        self.hour = hour
        self.prefix = prefix
        self.end = end
        return prefix


def hour_of_id(correlation_id: str) -> int | None:
    """The hour since 1970 that one of our ids carries; None for anybody else's."""
    found = _is_ours(correlation_id)
    if found is None:
        return None
    hour = int(found[1] + found[2], 16) // 3_600_000
    # 48 bits reach beyond the year 9999, where dates end: no id of ours is from there.
    return hour if hour < LAST_HOUR else None


# All parts and slices of one call have one time, and come one after the other.
@lru_cache(maxsize=1)
def timestamp_text(time: int) -> str:
    """Microseconds since 1970 as naive UTC ISO 8601, always with six decimals."""
    # Naive, since that is how the collector before us wrote $aml_dc_scoring_timestamp.
    moment = _EPOCH + timedelta(microseconds=time)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")
