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
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from .window import Window

__all__ = [
    *("DAY_US", "HOUR_US", "MILLISECOND", "Hand", "Ids"),
    *("hour_of_id", "timestamp_text", "timestamp_texts", "writer_of_id"),
]

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
# Looking up the last digits takes a third of the time of formatting them.
_HEX: Final = tuple(f"{byte:02x}" for byte in range(256))
# In microseconds. A clock that is set back by less is not followed: scoring times stay unique, and
# run ahead of it for a minute at most.
STEP: Final = 60_000_000
MILLISECOND: Final = 1_000_000  # in nanoseconds
SECOND: Final = 1000 * MILLISECOND
LAST_HOUR: Final = 2_932_897 * 24  # 10000-01-01
_is_ours: Final = re.compile(
    "([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-ac[0-9a-f]{2}-[0-9a-f]{12}"
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


# What the next ids have in common: the start of their millisecond in nanoseconds, its hour, their
# text but for the last two digits, what gives these (it raises StopIteration after 256), and the
# text from the version on.
Hand: TypeAlias = tuple[int, int, str, Callable[[], str], str]


class Ids:
    """Makes the ids and scoring times of one writer. From any thread.

    ``writer`` is ten hexadecimal digits. ``hand`` serves the next ids, and is replaced as a whole;
    ``free`` is the first scoring time that was not given out yet, in nanoseconds from the hand's
    start. _engine/fast_path.py uses both as is done here. They are read and changed in windows
    (window.py); a call from inside a window must not ask for an id or time: see Recorder.
    """

    __slots__ = ("_blocks", "_high", "_window", "free", "hand", "writer")

    def __init__(self, writer: str, *, window: Window | None = None) -> None:
        assert len(writer) == 10
        int(writer, 16)
        self.writer = writer
        self._window = window or Window()
        self._blocks = 0
        self._high = (-1, "")  # the first eight digits: they hold for a minute
        self.hand: Hand = (-MILLISECOND, 0, "", iter(()).__next__, "")
        self.free = 0

    def __repr__(self) -> str:
        return f"<Ids of writer {self.writer}, {self._blocks} times 256>"

    def stamp(self, now: int) -> tuple[str, int, int]:
        """A new id, its scoring time, and the hour of that; ``now`` in microseconds."""
        with self._window.lock:
            time = self._time(now)
            return self._id(time), time, time // HOUR_US

    def time(self, now: int) -> int:
        """``now`` (microseconds), or the next time that this writer has not given out yet.

        A clock that is set back by more than STEP was wrong before, and is followed.
        """
        with self._window.lock:
            return self._time(now)

    def id(self, time: int) -> str:
        """A new id of the scoring time ``time`` (microseconds)."""
        with self._window.lock:
            return self._id(time)

    def first_row(
        self, rows: dict[str, int], counts: Sequence[tuple[str, int]], row: int | None
    ) -> int:
        """The index of a call's first row, ``row`` or where its streams go on together in ``rows``,
        which has the index of each one's next row by its name, and is brought up to date.

        ``counts``: each stream's name and number of rows. Several threads may share ``rows``.
        """
        with self._window.lock:
            first = row
            if first is None:
                first = max([rows.get(name, 0) for name, _ in counts], default=0)
            for name, number in counts:
                rows[name] = max(rows.get(name, 0), first + number)
        return first

    # With the lock ---------------------------------------------------------------------------

    def _time(self, now: int) -> int:
        window = self._window
        while True:
            start, given = self.hand[0], self.free
            # Not in the window: products and quotients of integers this large run signal handlers.
            free = (start + given) // 1000
            time = free if free - STEP <= now < free else now
            after = (time + 1) * 1000 - start
            try:
                window.inside = True
                # A handler may have taken a time meanwhile, or made another hand.
                fits = self.free == given and self.hand[0] == start
                if fits:
                    self.free = after
            finally:
                window.inside = False
            if fits:
                return time

    def _id(self, time: int) -> str:
        hand = self.hand
        if not 0 <= time * 1000 - hand[0] < MILLISECOND:
            hand = self._begin(time, hand[3], hand[4])
        while True:
            try:
                return hand[2] + hand[3]()
            except StopIteration:
                hand = self._begin(time, iter(_HEX).__next__, self._block())

    def _block(self) -> str:
        """What the next 256 ids have in common, from the version on."""
        window = self._window
        try:
            window.inside = True
            block = self._blocks
            self._blocks = block + 1
        finally:
            window.inside = False
        writer = self.writer
        return f"-8{block >> 8 & 0xFFF:03x}-ac{writer[:2]}-{writer[2:]}{block & 0xFF:02x}"

    def _begin(self, time: int, suffix: Callable[[], str], rest: str) -> Hand:
        """Make the hand of another millisecond, or of the next 256 ids."""
        # Once a call, if calls are a millisecond apart: looking up costs half of formatting.
        milliseconds = time // 1000
        high = milliseconds >> 16
        known, text = self._high
        if high != known:
            text = f"{high & 0xFFFFFFFF:08x}-"
            self._high = (high, text)
        prefix = text + _HEX[milliseconds >> 8 & 0xFF] + _HEX[milliseconds & 0xFF] + rest
        start = milliseconds * MILLISECOND
        hand = (start, milliseconds // 3_600_000, prefix, suffix, rest)
        window = self._window
        try:
            window.inside = True
            free = self.free
            try:
                self.free = free + self.hand[0] - start
                self.hand = hand
            except BaseException:  # see Ring.put
                if self.hand is not hand:
                    self.free = free
                raise
        finally:
            window.inside = False
        return hand


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


def timestamp_texts(times: Sequence[int]) -> list[str]:
    """The same of many moments, in nanoseconds."""
    second = times[0] // SECOND
    if second and second == min(times) // SECOND == max(times) // SECOND:  # as nearly always
        text = f"{_second_text(second)}."
        return [text + digits[-9:-3] for digits in map(str, times)]
    return [timestamp_text(time // 1000) for time in times]


# Under load a second has thousands of calls; late ones come in between.
@lru_cache(maxsize=64)
def _second_text(seconds: int) -> str:
    # Naive, since that is how the collector before us wrote $aml_dc_scoring_timestamp.
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
