"""Correlation ids that carry the day, and scoring times that are unique per writer.

An id is a UUIDv8 (RFC 9562, section 5.8) as text::

    mmmmmmmm-mmmm-8ccc-acww-wwwwwwwwcccc
    |             |    | |          └ counter, low 16 bits
    |             |    | └ writer id, 40 bits: this process in this life
    |             |    └ variant, and our mark
    |             └ version 8, counter, high 12 bits
    └ milliseconds since 1970 of the scoring time

So what is collected under one of our ids goes to the day of the scoring, even weeks later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any, Final

from .lock import new_lock

__all__ = ["DAY_US", "HOUR_US", "Ids", "hour_of_id", "timestamp_text", "writer_of_id"]

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
# Looking up the last digits takes a third of the time of formatting them.
_HEX: Final = tuple(f"{byte:02x}" for byte in range(256))
# In microseconds. A clock that is set back by less is not followed: scoring times stay unique, and
# run ahead of it for a minute at most.
STEP: Final = 60_000_000
LAST_HOUR: Final = 2_932_897 * 24  # 10000-01-01
_is_ours: Final = re.compile(
    "([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-ac[0-9a-f]{2}-[0-9a-f]{12}"
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ids:
    """Makes the ids and scoring times of one writer, and counts the rows of a correlation(). From
    any thread, but not from within a call that holds the ``lock``: see Ring.

    ``writer`` is ten hexadecimal digits. The native core's Ids does the same (_native/ids.hpp).
    """

    __slots__ = ("_begin", "_free", "_lock", "_next", "writer")

    def __init__(self, writer: str, *, lock: Any = None) -> None:
        assert len(writer) == 10
        int(writer, 16)
        self.writer = writer
        self._lock = lock or new_lock()[0]
        self._next = count().__next__
        # What the ids of one millisecond have in common, and of which it is.
        self._begin = (-1, "")
        self._free = 0  # the first scoring time that was not given out yet

    def __repr__(self) -> str:
        return f"<Ids of writer {self.writer}>"

    def stamp(self, now: int) -> tuple[str, int, int]:
        """A new id, its scoring time, and the hour of that; ``now`` in microseconds."""
        time = self.time(now)
        return self.id(time), time, time // HOUR_US

    def time(self, now: int) -> int:
        """``now`` (microseconds), or the next time that this writer has not given out yet.

        A clock that is set back by more than STEP was wrong before, and is followed.
        """
        with self._lock:
            free = self._free
            if free - STEP <= now < free:
                now = free
            self._free = now + 1
            return now

    def id(self, time: int) -> str:
        """A new id of the scoring time ``time`` (microseconds)."""
        number = self._next()
        high = time // 1000 << 12 | number >> 16 & 0xFFF
        known, begin = self._begin
        if high != known:
            text = f"{high & 0xFFFF_FFFF_FFFF_FFF:015x}"
            begin = f"{text[:8]}-{text[8:12]}-8{text[12:]}-ac{self.writer[:2]}-{self.writer[2:]}"
            self._begin = high, begin
        return begin + _HEX[number >> 8 & 0xFF] + _HEX[number & 0xFF]

    def first_row(
        self, rows: dict[str, int], counts: Sequence[tuple[str, int]], row: int | None
    ) -> int:
        """The index of a call's first row, ``row`` or where its streams go on together in ``rows``,
        which has the index of each one's next row by its name, and is brought up to date.

        ``counts``: each stream's name and number of rows. Several threads may share ``rows``.
        """
        with self._lock:
            first = row
            if first is None:
                first = max([rows.get(name, 0) for name, _ in counts], default=0)
            for name, number in counts:
                rows[name] = max(rows.get(name, 0), first + number)
        return first


def hour_of_id(correlation_id: str) -> int | None:
    """The hour since 1970 that one of our ids carries; None for other ids."""
    found = _is_ours(correlation_id)
    if found is None:
        return None
    hour = int(found[1] + found[2], 16) // 3_600_000
    # 48 bits reach beyond the year 9999, where dates end: we make no such id.
    return hour if hour < LAST_HOUR else None


def writer_of_id(correlation_id: str) -> str:
    """The writer whose id this is; "" of other ids."""
    found = _is_ours(correlation_id)
    return correlation_id[21:23] + correlation_id[24:32] if found else ""


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
