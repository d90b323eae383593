"""The log's way to the store: lines wait for the linger, and go through lanes of their own.

The same lane, spool and senders as for rows, but apart from them: the log has a place of its own
for its one request, no part of the budget, and no flush waits for it. So whatever happens to the
log, no row waits for it or is lost.

Invariants: what waits is bounded; lines that find no room are counted and never chained, and the
next line says how many they were. Lines of a day are sent before those of the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from .._core.accumulator import Batch, Block
from .._core.commands import Finish, GiveUp, LaneEvent, Note, Outcome
from .._core.lines import Lines
from .._core.log_lines import log_path
from .._hooks.hooks import Hooks
from ..events import LogIncomplete
from .channel import Channel
from .channel_builder import ChannelBuilder
from .closing import Closing
from .lasting import Lasting
from .new_rows import NewRows
from .senders import Senders
from .settling import Ends
from .spooling import Spool

__all__ = ["LogSender"]

CONTENT_TYPE: Final = "application/x-ndjson"
# Of the lines that wait, in bytes; at 250 bytes a batch of rows the outage of a whole hour of
# one path, and 16 batches of lines.
LEAST_ROOM: Final = 256 * 2**10
MOST_ROOM: Final = 4 * 2**20
# How long the close waits for a store that has refused the log: one more attempt, in seconds. A
# right that is missing on purpose must not cost every process its time to end.
REFUSED_TIMEOUT: Final = 1.0
# How long the disk may take for the last lines, in seconds.
DISK_TIMEOUT: Final = 1.0
_DAY: Final = 86_400.0


class LineGroup:
    """Lines that came together. ``kept``: they are in the spool; None: the disk has not answered
    yet."""

    __slots__ = ("first", "kept", "lines", "size")

    def __init__(self, lines: list[bytes], *, first: int) -> None:
        self.lines = lines
        self.first = first
        self.size = sum(map(len, lines))
        self.kept: bool | None = False

    def __repr__(self) -> str:
        return f"<LineGroup {len(self.lines)} from {self.first}>"


class DayFile:
    """The file of one day: its channel, and the lines that it has not been given yet."""

    __slots__ = ("channel", "day", "next", "waiting")

    def __init__(self, channel: Channel, day: int) -> None:
        self.channel = channel
        self.day = day
        self.next = 0  # the number of the next line
        self.waiting: deque[LineGroup] = deque()

    def __repr__(self) -> str:
        return f"<DayFile {self.channel.lane!r}, {len(self.waiting)} wait>"


class LogSender:
    """Of one process. ``writer`` names its files. ``lost`` counts lines that are not in the store
    and never will be."""

    def __init__(
        self,
        lasting: Lasting,
        *,
        builder: ChannelBuilder,
        writer: str,
        closing: Closing,
        spool: Spool | None,
    ) -> None:
        settings = lasting.settings
        self._lasting = lasting
        self._settings = replace(settings, max_in_flight=1)
        self._builder = builder
        self._writer = writer
        self._closing = closing
        self._spool = spool
        self._hooks: Hooks = lasting.hooks
        self._room = min(max(settings.max_memory_bytes // 16, LEAST_ROOM), MOST_ROOM)
        self._files: deque[DayFile] = deque()
        self._size = 0  # of what waits
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        self._rested: asyncio.Event | None = None
        self._answered = asyncio.Event()
        self._serial = 0
        self.before_seal: Callable[[], None] = lambda: None
        self.lost = 0
        self._ends = False
        self._lost_last = 0
        self._held: dict[Channel, None] = {}
        self._senders = self._make_senders()

    def __repr__(self) -> str:
        return f"<LogSender {self._size} bytes wait, {self.lost} lines lost>"

    def _make_senders(self) -> Senders:
        return Senders(
            self._lasting.store,
            settings=self._settings,
            chance=self._lasting.chance,
            settling=self,
            closing=self._closing,
            held=self._held,
        )

    # Lines ------------------------------------------------------------------------------------

    @property
    def keeps(self) -> bool:
        """Whether a spool keeps what waits."""
        return self._spool is not None

    def has_room(self, size: int) -> bool:
        """Whether lines of this size can wait too."""
        return self._size + size <= self._room

    def turns_day(self, now: float) -> bool:
        """Whether the next line begins a file."""
        return not self._files or self._files[-1].day != int(now // _DAY)

    def put(self, lines: list[bytes], now: float) -> None:
        """Take lines; ``now`` is seconds since 1970."""
        if self.turns_day(now):
            self._files.append(self._begin(now))
        file = self._files[-1]
        some = LineGroup(lines, first=file.next)
        file.next += len(lines)
        file.waiting.append(some)
        self._size += some.size
        if self._spool is not None:
            some.kept = None
            self._answered.clear()

            def then(kept: bool) -> None:
                some.kept = kept
                if not self._asks_disk():
                    self._answered.set()
                if self._due:
                    self.seal()

            kept = self._spool.keep([NewRows(file.channel, some.first, Lines.of(lines))], then)
            some.kept = some.kept if kept is None else kept
        self.arm()

    def _begin(self, now: float) -> DayFile:
        channel = self._builder.build(
            log_path(self._writer, now),
            header=b"",
            writer=self._writer,
            own=False,
            ordinal=0,
            serial=-1,
            content_type=CONTENT_TYPE,
        )
        return DayFile(channel, int(now // _DAY))

    def arm(self) -> None:
        """Have what waits sent when the linger has passed; ``before_seal`` is asked before."""
        if self._timer is None and not self._due and not self._closing.stopped:
            with suppress(RuntimeError):  # no loop runs here: the close sends it
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._settings.linger, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        self._due = True
        self.before_seal()
        self.seal()

    def seal(self) -> None:
        """Give the lane what waits, as one block; as soon as it is idle, and the disk has answered
        for the lines."""
        self._due = True
        while len(self._files) > 1 and self._is_done(self._files[0]):
            self._files.popleft().channel.close()
        if not self._files or self._files[0].channel.lane.busy:
            return
        file = self._files[0]
        lines: list[bytes] = []
        kept = file.waiting[0].kept if file.waiting else None
        size = 0
        while file.waiting and file.waiting[0].kept is kept is not None:
            if size and size + file.waiting[0].size > self._settings.max_batch_bytes:
                break
            some = file.waiting.popleft()
            lines += some.lines
            size += some.size
        if not lines:
            self._due = bool(file.waiting)
            return
        self._size -= size
        self._due = any(one.waiting for one in self._files)
        first = (file.waiting[0].first if file.waiting else file.next) - len(lines)
        block = Block(Lines.of(lines), first=first)
        self._serial += 1
        batch = Batch(block, serial=self._serial, born=0.0, charges=(), kept=bool(kept))
        self._senders.perform(file.channel, file.channel.lane.submit(batch))

    @staticmethod
    def _is_done(file: DayFile) -> bool:
        return not file.waiting and not file.channel.lane.busy

    # Becoming final ---------------------------------------------------------------------------

    def settle(self, ends: Ends, channel: Channel | None = None) -> None:
        """See Settling: these lines are final."""
        for end in ends:
            if isinstance(end, Finish):
                if channel is not None:
                    channel.finish(end.first, end.rows, end.outcome)
                if end.outcome not in (Outcome.STORED, Outcome.SPOOLED):
                    self.lose(end.rows, end.reason)
            elif isinstance(end, Note):
                self._hooks.emit(end.notice)

    def lose(self, lines: int, reason: str) -> None:
        """Lines will not be in the store."""
        self.lost += lines
        if self._ends:
            self._lost_last += lines  # all that a close gives up is told as one
        else:
            self._hooks.emit(LogIncomplete(lines=lines, reason=reason))

    def rested(self, channel: Channel) -> None:
        """See Settling: the lane is idle."""
        if self._due:
            self._is_due()
        if self._rested is not None and self._is_empty():
            self._rested.set()

    def _is_empty(self) -> bool:
        return all(map(self._is_done, self._files))

    def waits_for(self) -> dict[str, str]:
        """The file whose lines wait for an operator, and why."""
        lanes = [file.channel.lane for file in self._files]
        return {lane.parts.name: lane.held for lane in lanes if lane.held}

    # Loops, and the end -----------------------------------------------------------------------

    def move_to_new_loop(self) -> None:
        """Go on with what another loop has left."""
        self._senders.abandon()
        self._senders = self._make_senders()
        self._senders.resume([file.channel for file in self._files])
        self._timer = None
        if any(file.waiting for file in self._files):
            self.arm()

    async def close(self, timeout: float) -> None:
        """Send what waits, within ``timeout`` seconds; the rest stays in the spool, or is lost."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._rested = asyncio.Event()
        try:
            if self._asks_disk():
                async with asyncio.timeout(DISK_TIMEOUT):
                    await self._answered.wait()
        except (TimeoutError, asyncio.CancelledError):
            timeout = 0.0
        try:
            if timeout > 0 and not self._is_empty():
                self.seal()
                if all(file.channel.lane.held for file in self._files if not self._is_done(file)):
                    timeout = min(timeout, REFUSED_TIMEOUT)
                async with asyncio.timeout(timeout):
                    await self._rested.wait()
            await self._senders.stop()
        except (TimeoutError, asyncio.CancelledError):
            self._senders.abandon()
        self._give_up()

    def _asks_disk(self) -> bool:
        return any(some.kept is None for file in self._files for some in file.waiting)

    def _give_up(self) -> None:
        self._ends = True
        for file in self._files:
            channel, lane = file.channel, file.channel.lane
            if lane.busy:
                ends = lane.on(LaneEvent.GIVE_UP, GiveUp("closed", channel.kept))
                self._senders.perform(channel, ends)
            left = [some for some in file.waiting if not some.kept]
            file.waiting.clear()
            if left:
                self.lose(sum(len(some.lines) for some in left), "closed")
        self._size = 0
        self._ends = False
        if self._lost_last:
            self._hooks.emit(LogIncomplete(lines=self._lost_last, reason="closed"))
