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

__all__ = ["DAY_US", "HOUR_US", "Ids", "hour_of_id", "timestamp_text"]

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
# Looking the last digits up takes a third of the time of formatting them.
_HEX: Final = tuple(f"{byte:02x}" for byte in range(256))
STEP: Final = 60_000_000
LAST_HOUR: Final = 2_932_897 * 24  # 10000-01-01
_is_ours: Final = re.compile(
    "([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-ac[0-9a-f]{2}-[0-9a-f]{12}"
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ids:
    """Makes the ids and scoring times of one writer. From any thread.

    ``writer`` is ten hexadecimal digits.
    """

    __slots__ = ("_count", "_last", "_prefix", "writer")

    def __init__(self, writer: str) -> None:
        assert len(writer) == 10
        int(writer, 16)
        self.writer = writer
        self._count = 0
        self._last = 0
        # (first microsecond, first count, text) of what the next ids have in common: made anew per
        # millisecond and 256 ids, and replaced whole, so that no thread sees half of it.
        self._prefix: tuple[int, int, str] = (-1000, 0, "")

    def __repr__(self) -> str:
        return f"<Ids of writer {self.writer}, {self._count} made>"

    def time(self, now: int) -> int:
        """``now`` (microseconds), or the next one that this writer has not given out yet.

        Where the clock is set back by more than a step, it was wrong before, and is followed.
        """
        # No call from reading to writing: atomic for the reason given at the head of ring.py.
        last = self._last
        if last - STEP < now <= last:
            now = last + 1
        self._last = now
        return now

    def id(self, time: int) -> str:
        """A new id of the scoring time ``time`` (microseconds)."""
        # As above.
        count = self._count
        self._count = count + 1
        start, first, prefix = self._prefix
        if not (start <= time < start + 1000 and first <= count < first + 0x100):
            prefix = self._new_prefix(time, count)
        return prefix + _HEX[count & 0xFF]

    def _new_prefix(self, time: int, count: int) -> str:
        milliseconds = time // 1000
        writer = self.writer
        prefix = (
            f"{milliseconds >> 16 & 0xFFFFFFFF:08x}-{milliseconds & 0xFFFF:04x}"
            f"-8{count >> 16 & 0xFFF:03x}-ac{writer[:2]}-{writer[2:]}{count >> 8 & 0xFF:02x}"
        )
        self._prefix = (milliseconds * 1000, count & ~0xFF, prefix)
        return prefix


def hour_of_id(correlation_id: str) -> int | None:
    """The hour since 1970 that one of our ids carries; None for anybody else's."""
    found = _is_ours(correlation_id)
    if found is None:
        return None
    hour = int(found[1] + found[2], 16) // 3_600_000
    # 48 bits reach beyond the year 9999, where dates end: no id of ours is from there.
    return hour if hour < LAST_HOUR else None


def timestamp_text(time: int) -> str:
    """Microseconds since 1970 as naive UTC ISO 8601, always with six decimals."""
    seconds, micros = divmod(time, 1_000_000)
    return f"{_second_text(seconds)}.{micros:06d}"


# Under load a second has thousands of calls; late ones come in between.
@lru_cache(maxsize=64)
def _second_text(seconds: int) -> str:
    # Naive, since that is how the collector before us wrote $aml_dc_scoring_timestamp.
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
