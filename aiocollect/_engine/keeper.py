"""The keeper: has one journal synced, cleaned up and read, beside the event loop.

One job at a time runs apart; what is asked for meanwhile shares the next one: that is the group
commit. Nothing here is a task, so no host can cancel it half-way. When the disk fails, the journal
is removed by name, so that nobody takes over what can no longer be kept true; its rows are in
memory, or can still be read through the open files, and go on from there.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from .._core.extents import Extent
from .._core.journal import Rows, lines_of, records
from .._core.trail import Stand, Trail
from ..disk import Disk
from .journal import Journal

__all__ = ["Keeper", "Loaded"]

_T = TypeVar("_T")

# After the disk has failed, in seconds, where it is waited for.
RETRY_AFTER = 2.0

# The lengths of rows, and their bytes; None where they cannot be read.
Loaded = tuple["array[int]", bytes] | None


class Intent(NamedTuple):
    """What a sender waits for before it sends: rows, and where they go."""

    trail: Trail
    first: int
    rows: int
    stand: Stand
    known: asyncio.Future[None]


class Keeper:
    """``failed`` is called once, when the journal is given up. Without it it never is: what another
    life has left is nowhere else, so who would send it waits until the disk works again."""

    def __init__(
        self, journal: Journal, disk: Disk, *, failed: Callable[[OSError], None] | None = None
    ) -> None:
        self.journal = journal
        self._disk = disk
        self._tell_failed = failed
        self._busy = False
        self._intents: list[Intent] = []
        self._durable: list[asyncio.Future[bool]] = []
        self._epoch = 0  # of the loop: what an earlier one has begun is not answered any more
        self._leaving = False  # given up, and its names are not gone yet
        self.alive = True

    def __repr__(self) -> str:
        return f"<Keeper of {self.journal!r}{'' if self.alive else ', given up'}>"

    # What is asked ----------------------------------------------------------------------------

    async def intend(self, trail: Trail, first: int, rows: int, stand: Stand) -> None:
        """Return when it is on the disk for good that these rows are about to be sent, and the
        rows themselves; or when the journal is given up, and gone."""
        if trail.intends(first, rows, stand) or not (self.alive or self._leaving):
            return
        known = asyncio.get_running_loop().create_future()
        self._intents.append(Intent(trail, first, rows, stand, known))
        self._next()
        await known

    async def durable(self) -> bool:
        """Return when all rows kept so far survive a power cut. False: the disk has failed."""
        if not self.alive:
            return False
        known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._durable.append(known)
        self._next()
        return await known

    def finish(self, trail: Trail, first: int, rows: int, stand: Stand) -> None:
        """Rows have become final."""
        trail.finish(first, rows, stand)
        if self.alive:
            try:
                self.journal.changed(trail)
            except OSError as error:
                self.fail(error)
            else:
                self._next()

    def load(
        self,
        trail: Trail,
        extents: list[Extent],
        first: int,
        rows: int,
        then: Callable[[Loaded], None],
    ) -> None:
        """Read rows of a trail back; also from a journal that was given up."""
        number, salt = trail.lane.number, self.journal.salt

        def read() -> Loaded:
            return _read(extents, first, first + rows, lane=number, salt=salt)

        def done(loaded: Loaded | OSError) -> None:
            then(None if isinstance(loaded, OSError) else loaded)

        self._disk.apart(read, done)

    def written(self) -> None:
        """Rows were added to the journal."""
        if self.journal.wants_spare:
            self._next()

    # Jobs -------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Begin the next job, where none is under way."""
        if self._busy or not self.alive:
            return
        journal = self.journal
        if self._intents or self._durable:
            intents, self._intents = self._intents, []
            durable, self._durable = self._durable, []
            self._run(
                journal.sync_rows, lambda: self._rows_synced(intents, durable), intents, durable
            )
        elif journal.dead():
            self._sync_slots([], [])
        elif journal.wants_spare:
            self._run(journal.make_spare, lambda: None)

    def _run(
        self,
        work: Callable[[], object],
        then: Callable[[], None],
        intents: Sequence[Intent] = (),
        durable: Sequence[asyncio.Future[bool]] = (),
    ) -> None:
        """``intents`` and ``durable`` are asked again, or answered, if the disk fails."""
        self._busy = True
        epoch = self._epoch

        def done(answer: object) -> None:
            if epoch != self._epoch:
                return
            self._busy = False
            try:
                if isinstance(answer, OSError):
                    raise answer
                then()
            except OSError as error:
                self._intents[:0], self._durable[:0] = intents, durable
                self.fail(error)
            else:
                self._next()

        self._disk.apart(work, done)

    def _rows_synced(self, intents: list[Intent], durable: list[asyncio.Future[bool]]) -> None:
        for intent in intents:
            intent.trail.intend(intent.first, intent.rows, intent.stand)
            self.journal.changed(intent.trail)
        # Where a lane stands belongs to its rows: a blind one could not find out.
        if intents or (durable and self.journal.unsynced):
            self._sync_slots(intents, durable)
        else:
            for one in durable:
                _answer(one, True)

    def _sync_slots(self, intents: list[Intent], durable: list[asyncio.Future[bool]]) -> None:
        journal = self.journal
        dead = journal.dead()
        journal.begin_sync()

        def done() -> None:
            journal.end_sync()
            for intent in intents:
                intent.trail.sure = True
                _answer(intent.known, None)
            for one in durable:
                _answer(one, True)
            if dead:
                # Until they are gone they are the journal's: an unlink that comes first must find
                # them, or their rows would be left behind without the slots that tell of them.
                self._run(lambda: journal.remove(dead), lambda: journal.removed(dead))

        self._run(journal.sync_slots, done, intents, durable)

    # The end ----------------------------------------------------------------------------------

    def fail(self, error: OSError) -> None:
        """The disk cannot keep what was promised: nobody shall take over what is there."""
        if not self.alive:
            return
        if self._tell_failed is None:
            self.journal.forget_sync()
            self._busy = True
            asyncio.get_running_loop().call_later(RETRY_AFTER, self._retry, self._epoch)
            return
        self.alive = False
        for one in self._durable:
            _answer(one, False)
        self._durable = []
        self._tell_failed(error)
        self._leave()

    def _leave(self) -> None:
        """Remove the journal. What is sent before that is done, the next life would send again."""
        self._leaving = True
        epoch = self._epoch

        def left(_: object) -> None:
            # If even this has failed there is nothing more to be done.
            if epoch == self._epoch:
                self._leaving = False
                for intent in self._intents:
                    _answer(intent.known, None)
                self._intents = []

        self._disk.apart(self.journal.unlink, left)

    def _retry(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._busy = False
            self._next()

    def restart(self) -> None:
        """On a new loop: what the last one has begun has no known end."""
        self._epoch += 1
        self._busy = False
        self._intents, self._durable = [], []
        self.journal.forget_sync()
        if self._leaving:
            self._leave()
        self._next()

    async def close(self) -> None:
        """Give the directory back: with what it still holds; without it, remove it."""
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.give_back(lambda _: _answer(closed, None))
        await closed

    def give_back(self, then: Callable[[object], None] = lambda _: None) -> None:
        """The same, without waiting for it."""
        journal, alive = self.journal, self.alive
        self.alive = False

        def close() -> None:
            try:
                if alive and not journal.live:
                    journal.unlink()
            finally:
                journal.close()

        self._disk.apart(close, then)


def _answer(future: asyncio.Future[_T], answer: _T) -> None:
    if not future.done():
        future.set_result(answer)


def _read(extents: list[Extent], first: int, end: int, *, lane: int, salt: int) -> Loaded:
    """The rows ``first`` to ``end - 1`` of the extents. Raises OSError."""
    lengths = array("I")
    parts: list[memoryview] = []
    at = first
    for extent in extents:
        data = extent.segment.file.read(extent.offset, extent.span)
        for record in records(data, salt, offset=0):
            if not isinstance(record, Rows) or record.lane != lane or at == end:
                continue  # another's, or behind what is wanted
            stop = record.first + record.number
            if stop <= at:
                continue
            its, lines = lines_of(data[record.offset : record.offset + record.size], record.number)
            if record.first > at or sum(its) != len(lines):
                return None
            low, high = at - record.first, min(end, stop) - record.first
            start = sum(its[:low])
            parts.append(lines[start : start + sum(its[low:high])])
            lengths.extend(its[low:high])
            at = min(end, stop)
    return (lengths, b"".join(parts)) if at == end else None
