"""What a fleet is expected to do: formulas from its size to ages, appends and requests. Pure.

The one source of ``aiocollect plan``, of the calculator in how-to/sizing.md (a test holds its
script against this) and of the lines in explanation/scale.md. They are compared with the simulated
fleets of loadtest/fleets, within the tolerance that its test states.

The idea: rows of a stream come by chance. A block begins with the first row after the last block,
and is sealed after the linger, which grows with the blocks that its path has used today
(BatchLimits in aiocollect's core). So the blocks of a path follow a differential equation, which is
summed up in steps of equal numbers of blocks. Time in seconds, sizes in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["ACCOUNT", "BLOB", "DAY", "METADATA", "ExpectedDay", "Need", "day_of"]

DAY: Final = 86_400.0
MIB: Final = 2**20
# What follows the cells in CSV: id, time, row, commas and the end of the line.
METADATA: Final = 67
# Requests a second: of an account (scalability-targets-standard-account), and of one blob
# (storage-blob-scale-targets, in its versions with a figure for any blob).
ACCOUNT: Final = 20_000.0
BLOB: Final = 500.0
# Of one blob, before the next part begins: limits.max_blocks. The linger has doubled after a
# quarter of them, if blocks are less than half full.
BLOCKS: Final = 49_000
STRETCH: Final = BLOCKS // 4
# Bytes that a lane sees of what others have appended, before it appends itself (verdict.CROWD).
CROWD: Final = 64 * 1024
# Requests of one writer for one part, once: look, create, look; or look, line end, and the first
# append after it, which finds others, in vain.
OPENING: Final = 3
JOINING: Final = 4
# In so many steps of equal numbers of blocks a day is summed up.
STEPS: Final = 64
# A row is as old as the linger and one round trip, a fifth longer than the middle one, at least.
SLOW: Final = 1.1


class Need(NamedTuple):
    """What a fleet has to do, and how. ``rows``: a second, of one stream, in all writers together.
    ``cells``: bytes of the cells of a row, as text."""

    writers: int
    streams: int
    rows: float
    cells: float
    trip: float
    linger: float = 2.0
    shared: bool = False
    batch: int = MIB
    log: bool = True

    @property
    def row(self) -> float:
        """Bytes of a row."""
        return self.cells + METADATA

    @property
    def each(self) -> float:
        """Rows a second of one stream of one writer."""
        return self.rows / self.writers

    @property
    def sharing(self) -> int:
        """Writers of one file."""
        return self.writers if self.shared else 1

    @property
    def files(self) -> int:
        """Files of a day, without further parts."""
        return self.streams * (1 if self.shared else self.writers)


class ExpectedDay(NamedTuple):
    """What is expected of a day. Requests and rows are those of the whole fleet.

    ============  =============================================================================
    ``blocks``    of one file
    ``parts``     of one file
    ``appends``   that land, of rows
    ``log``       appends of the log
    ``lost``      share of appends that are answered 412
    ``requests``  of any kind
    ``peak``      requests a second at the day's busiest, its beginning
    ``age``       of rows at p99, from collect() to stored, in seconds
    ``longest``   the linger at the end of the day, in seconds
    ``block``     bytes of a block at the beginning of the day
    ``waiting``   bytes of rows that wait in one writer, at the end of the day
    ============  =============================================================================
    """

    blocks: float
    parts: int
    appends: float
    log: float
    lost: float
    requests: float
    peak: float
    age: float
    longest: float
    block: float
    waiting: float


class _Step(NamedTuple):
    """A stretch of the day: how long it takes, the linger in it, blocks a second of one file."""

    seconds: float
    linger: float
    rate: float


def day_of(need: Need) -> ExpectedDay:
    """The expected day. All numbers of the need must be above 0."""
    steps = list(_steps(need))
    blocks = sum(step.rate * step.seconds for step in steps)
    parts = math.ceil(blocks / BLOCKS)
    sent = sum(step.rate * step.seconds / (1 - _lost(need, step)) for step in steps)
    asked = sum(step.seconds * _asked(need, step) for step in steps)
    log = sum(step.seconds * _log_rate(need, step.rate) for step in steps) * need.writers
    once = need.streams * parts * (JOINING if need.sharing > 1 else OPENING)
    once = need.writers * (once + OPENING * need.log)
    first, last = steps[0], steps[-1]
    peak = _asked(need, first) * need.files + _log_rate(need, first.rate) * need.writers
    return ExpectedDay(
        blocks=blocks,
        parts=parts,
        appends=blocks * need.files,
        log=log,
        lost=1 - blocks / sent,
        requests=asked * need.files + log + once,
        peak=peak,
        age=_age(need, steps, 0.99) + _way(need, first),
        longest=last.linger,
        block=min(need.batch, (1 + need.each * need.linger) * need.row),
        waiting=need.streams * (1 + need.each * last.linger) * need.row,
    )


def _steps(need: Need) -> Iterator[_Step]:
    """The day, in steps of equal numbers of blocks of one file."""
    full = need.batch / (need.row * need.each)  # so long until a block is full
    if (1 + need.each * need.linger) * need.row >= need.batch / 2:
        cycle = min(1 / need.each + need.linger, full)
        yield _Step(DAY, min(need.linger, full), need.sharing / cycle)
        return
    # The blocks of a day: (1/r + L) b + L b^2 / 2s = n t.
    rest, bend = 1 / need.each + need.linger, need.linger / STRETCH
    used = (math.sqrt(rest * rest + 2 * bend * need.sharing * DAY) - rest) / bend
    for at in range(STEPS):
        linger = need.linger * (1 + (at + 0.5) * used / STEPS / STRETCH)
        rate = need.sharing / (1 / need.each + linger)
        yield _Step(used / STEPS / rate, linger, rate)


def _lost(need: Need, step: _Step) -> float:
    """The share of appends that find another writer's block: one that landed since the look."""
    if need.sharing == 1:
        return 0.0
    others = step.rate * (1 - 1 / need.sharing)
    return 1 - math.exp(-min(others * need.trip, 20.0))


def _asked(need: Need, step: _Step) -> float:
    """Requests a second for one file. In a shared one a look comes before each block, another one
    where others wrote more than it shows, and one after each lost race."""
    if need.sharing == 1:
        return step.rate
    far = need.rows * need.row / step.rate * (need.sharing - 1) > CROWD
    return step.rate * (2 / (1 - _lost(need, step)) + far)


def _log_rate(need: Need, rate: float) -> float:
    """Appends a second of one writer's log: the linger, and then until its next block is stored.

    One stream's next block comes a cycle after its last one, those of the others at any time in it.
    """
    if not need.log:
        return 0.0
    cycle = need.sharing / rate
    late = max(0.0, 1 - need.linger / cycle)
    rest = cycle / need.streams * (1 - (1 - late) ** need.streams)
    return 1 / (need.linger + rest)


def _way(need: Need, step: _Step) -> float:
    """How long a sealed block takes: the append, and the looks that go before it."""
    if need.sharing == 1:
        return SLOW * need.trip
    return 2 * need.trip / (1 - _lost(need, step))


def _age(need: Need, steps: list[_Step], share: float) -> float:
    """How long this share of a day's rows waits at most until their block is sealed.

    Of a block the first row waits for the whole linger, the others for any part of it.
    """
    low, high = 0.0, max(step.linger for step in steps)
    rows = sum(step.seconds for step in steps)
    for _ in range(50):
        middle = (low + high) / 2
        older = 0.0
        for seconds, linger, _ in steps:
            if middle < linger:
                many = need.each * (linger - middle)
                older += seconds * (1 + many) / (1 + need.each * linger)
        if older > (1 - share) * rows:
            low = middle
        else:
            high = middle
    return high
