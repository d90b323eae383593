"""The syncer: has one journal written, synced, cleaned up and read, off the event loop.

One work runs at a time. What is asked for meanwhile shares the next one, with one sync: a group
commit. Nothing here is a task, so no host can cancel it half-way. Nothing here waits for the disk:
callers are called back.

When the disk fails, what is on it stays there. Rows that it does not take are in memory alone. An
intent that it does not take is tried again, with growing waits: rows that another process can find
must not be sent without one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from .._core.lines import Lines, joined
from .._core.stand import Stand
from .disk import Disk, Line
from .extents import Extent
from .format import RowsRecord, lines_of, records
from .journal import SLICE, Journal
from .journal_work import Work
from .progress import LaneProgress

__all__ = ["Syncer", "Loaded", "Write"]

_T = TypeVar("_T")

# The wait after a failure, in seconds; doubled each time. Half a second is many times what a sync
# on a busy disk takes; at 30 s an operator who has freed a disk sees it go on.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# How often rows that cannot be read are tried again: with the waits above, for a minute and a half.
READS = 8
# Intents that are answered in one slice of the event loop: what each leads to takes some 50 us.
FEW = 16
# Bytes of rows in one work; the others wait for the next one.
WORK_BYTES = 2 * 2**20

# None: the rows cannot be read.
Loaded = Lines | None


class Intent(NamedTuple):
    """What must be synced before these rows are sent to this place; ``known`` is called then."""

    progress: LaneProgress
    first: int
    rows: int
    stand: Stand
    known: Callable[[], None]


class Write(NamedTuple):
    """Rows that are to be written together. ``add`` puts them into the journal. ``then`` is called
    with whether they are there, and with the lanes whose first rows failed to get there."""

    add: Callable[[], None]
    then: Callable[[bool, list[LaneProgress]], None]


class Patience:
    """How long to wait after a failure: longer each time, until something works again."""

    def __init__(self) -> None:
        self._wait = FIRST_WAIT
        self.until = 0.0

    def __repr__(self) -> str:
        return f"<Patience until {self.until}>"

    def over(self) -> bool:
        """Whether it can be tried again."""
        return asyncio.get_running_loop().time() >= self.until

    def failed(self, then: Callable[[], None]) -> None:
        """It did not work: ``then`` is called when it is to be tried again."""
        loop = asyncio.get_running_loop()
        self.until = loop.time() + self._wait
        loop.call_at(self.until, then)
        self._wait = min(2 * self._wait, LONGEST_WAIT)

    def worked(self) -> None:
        """The next wait is the shortest again."""
        self._wait, self.until = FIRST_WAIT, 0.0


class Syncer:
    """Of one journal. ``report`` is called with each failure, in words. ``line``: see Disk."""

    def __init__(
        self, journal: Journal, disk: Disk, *, report: Callable[[str], None], line: Line
    ) -> None:
        self.journal = journal
        self._disk = disk
        self._report = report
        self._line: Line = line
        self._turns: deque[Write] = deque()
        self._intents: list[Intent] = []
        self._durable: list[asyncio.Future[bool]] = []
        self._work: Work | None = None  # under way
        self._doing: tuple[list[Write], list[Intent], list[asyncio.Future[bool]]] = ([], [], [])
        self._began = 0.0
        self._epoch = 0  # of the event loop: answers of an earlier one are ignored
        self._slots_patience = Patience()
        self._remove_patience = Patience()
        self._spare_patience = Patience()
        self._closing: list[Callable[[], None]] | None = None  # called when it is closed
        self.trouble = ""  # why intents are not synced
        self.alive = True
        self.closed = False

    def __repr__(self) -> str:
        return f"<Syncer of {self.journal!r}{'' if self.alive else ', closed'}>"

    # What is asked ----------------------------------------------------------------------------

    def put(self, turn: Write) -> None:
        """Write rows."""
        self._turns.append(turn)
        self.next()

    def intend(
        self, progress: LaneProgress, first: int, rows: int, stand: Stand, known: Callable[[], None]
    ) -> None:
        """Call ``known`` when it is synced that these rows are about to be sent, and so are the
        rows themselves; at once, if they are already."""
        if not self.alive or progress.intends(first, rows, stand):
            known()
            return
        self._intents.append(Intent(progress, first, rows, stand, known))
        self.next()

    async def durable(self) -> bool:
        """Return when all rows kept so far survive a power cut. False: the disk has failed."""
        if not self.alive:
            return False
        known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._durable.append(known)
        self.next()
        return await known

    def finish(self, progress: LaneProgress, first: int, rows: int, stand: Stand) -> None:
        """Rows have become final."""
        progress.finish(first, rows, stand)
        if self.alive:
            self.journal.changed(progress)
            self.next()

    def load(
        self,
        progress: LaneProgress,
        extents: list[Extent],
        first: int,
        rows: int,
        then: Callable[[Loaded], None],
    ) -> None:
        """Read a lane's rows back. A read that fails is tried again a moment later."""
        number, salt, epoch = progress.lane.number, self.journal.salt, self._epoch
        patience, tries = Patience(), iter(range(READS))

        def read() -> Loaded:
            return _read(extents, first, first + rows, lane=number, salt=salt)

        def ask() -> None:
            if epoch == self._epoch and self.alive:
                self._disk.apart(read, done, line=self._line)

        def done(loaded: Loaded | OSError) -> None:
            if not isinstance(loaded, OSError):
                then(loaded)
            elif next(tries, None) is None:
                then(None)
            else:
                self._report(_text(loaded))
                patience.failed(ask)

        ask()

    def writing(self, progress: LaneProgress) -> bool:
        """Whether rows of the lane are being written, with no answer of the disk yet."""
        work = self._work
        return work is not None and any(one.progress is progress for one in work.added)

    def withdraw(self) -> None:
        """Do not write the rows that wait: they stay in memory alone."""
        while self._turns:
            self._turns.popleft().then(False, [])

    @property
    def waits_since(self) -> float | None:
        """Since when the disk has not answered, by the loop's time."""
        return None if self._work is None else self._began

    # One work ---------------------------------------------------------------------------------

    def next(self) -> None:
        """Begin the next work, if none is under way and there is something to do."""
        if self._work is not None or not self.alive:
            return
        if self._closing is not None:
            self._end()
            return
        journal = self.journal
        blocked = not self._slots_patience.over()
        if blocked:
            self.withdraw()
            return
        turns = self._take_turns()
        intents, self._intents = self._intents[:SLICE], self._intents[SLICE:]
        durable, self._durable = self._durable, []
        dead = bool(journal.dead) and self._remove_patience.over()
        spare = journal.wants_spare and self._spare_patience.over()
        if not (turns or intents or durable or dead or spare or journal.wants_notes):
            return
        for intent in intents:
            intent.progress.intend(intent.first, intent.rows, intent.stand)
            journal.changed(intent.progress)
        work = journal.plan(sync=bool(intents or durable or dead), dead=dead, spare=spare)
        self._work, self._doing = work, (turns, intents, durable)
        self._began = asyncio.get_running_loop().time()
        self._run()

    def _take_turns(self) -> list[Write]:
        turns: list[Write] = []
        while self._turns and self.journal.pending < WORK_BYTES:
            if not self.journal.writable():
                self.withdraw()
                break
            turn = self._turns.popleft()
            turn.add()
            turns.append(turn)
        return turns

    def _run(self) -> None:
        work, epoch = self._work, self._epoch
        assert work is not None

        def done(answer: Work | OSError) -> None:
            if epoch != self._epoch:
                return
            if isinstance(answer, OSError):  # no thread: nothing was begun
                self._report(_text(answer))
                asyncio.get_running_loop().call_later(FIRST_WAIT, again)
            else:
                self._done(answer)

        def again() -> None:
            if epoch == self._epoch:
                self._run()

        self._disk.apart(work.run, done, line=self._line)

    def _done(self, work: Work) -> None:
        turns, intents, durable = self._doing
        self._work, self._doing = None, ([], [], [])
        gone = self.journal.apply(work)
        self._report_failures(work)
        for turn in turns:
            turn.then(work.kept, gone)
        if work.noted:
            for intent in intents:
                intent.progress.sure = work.sure
            self._let_go(intents)
        else:
            lanes = self.journal.lanes
            self._intents[:0] = [intent for intent in intents if intent.progress in lanes]
            # Rows of a lane that is not there will not be found: they need no intent.
            self._let_go([intent for intent in intents if intent.progress not in lanes])
        for one in durable:
            _answer(one, work.sure and self.journal.durable)
        self.next()

    def _let_go(self, intents: list[Intent]) -> None:
        """Let their lanes send; a few at a time, since each leads to more work."""
        for intent in intents[:FEW]:
            intent.known()
        if len(intents) > FEW:
            asyncio.get_running_loop().call_soon(self._let_go, intents[FEW:])

    def _report_failures(self, work: Work) -> None:
        for error, patience in (
            (work.slots_error, self._slots_patience),
            (work.remove_error, self._remove_patience),
            (work.spare_error, self._spare_patience),
        ):
            if error is not None:
                patience.failed(self.next)
        if work.noted:
            self._slots_patience.worked()
        if work.removed:
            self._remove_patience.worked()
        if work.spare is not None:
            self._spare_patience.worked()
        self.trouble = "" if work.slots_error is None else _text(work.slots_error)
        errors = (work.slots_error, work.sync_error, work.remove_error, work.spare_error)
        for error in (*errors, work.rows_error):
            if error is not None:
                self._report(_text(error))
                return

    # The end ----------------------------------------------------------------------------------

    def restart(self) -> None:
        """On a new event loop. What the last one has begun is done by now, or is done now. Its
        callers are gone, except for those who write rows."""
        self._epoch += 1
        self._intents, self._durable = [], []
        turns, intents, _ = self._doing
        for intent in intents:
            intent.progress.sure = False
        self._doing = (turns, [], [])
        for patience in (self._slots_patience, self._remove_patience, self._spare_patience):
            patience.worked()
        if self._work is not None:
            self._began = asyncio.get_running_loop().time()
            self._run()
        else:
            self.next()

    def give_back(self) -> None:
        """Soon: release the directory with the rows it still holds; if there are none, remove
        it."""
        if self._closing is None:
            self._closing = []
            self.next()

    async def close(self) -> None:
        """The same, and return when it is done."""
        self.give_back()
        if self._closing is not None and not self.closed:
            closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._closing.append(lambda: _answer(closed, None))
            await closed

    def _end(self) -> None:
        self.withdraw()
        self.alive = False
        for one in self._durable:
            _answer(one, False)
        for intent in self._intents:
            intent.known()
        self._durable, self._intents = [], []
        journal = self.journal
        work = journal.plan(sync=False, dead=False, spare=False, limit=None)
        dissolves = not journal.live

        def close() -> None:
            work.run()
            try:
                if dissolves:
                    with suppress(OSError):  # what is left is final; its slots say so
                        journal.dissolve()
            finally:
                journal.close()

        def closed(_: object) -> None:
            self.closed = True
            for call in self._closing or ():
                call()

        self._disk.apart(close, closed, line=self._line)


def _answer(future: asyncio.Future[_T], answer: _T) -> None:
    if not future.done():
        future.set_result(answer)


def _text(error: OSError) -> str:
    return error.strerror or str(error)


def _read(extents: list[Extent], first: int, end: int, *, lane: int, salt: int) -> Loaded:
    """The rows ``first`` to ``end - 1`` of the extents. Raises OSError."""
    parts: list[Lines] = []
    at = first
    for extent in extents:
        data = extent.segment.file.read(extent.offset, extent.span)
        for record in records(data, salt, offset=0):
            if not isinstance(record, RowsRecord) or record.lane != lane or at == end:
                continue  # another lane's, or after what is wanted
            stop = record.first + record.number
            if stop <= at:
                continue
            lines = lines_of(data[record.offset : record.offset + record.size], record.number)
            if record.first > at or lines is None:
                return None
            parts.append(lines.cut(at - record.first, min(end, stop) - record.first))
            at = min(end, stop)
    return joined(parts) if at == end else None
