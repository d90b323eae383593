"""The spool: puts encoded rows on the disk, and takes over what ended processes have left there.

The spool has one directory, with one journal, for each process that uses it. The rows of a turn of
the pump are written together; from then on they survive the process. If the disk does not take
them, they are in memory only, and the disk is tried again a few seconds later. A directory whose
process has ended is taken over by exactly one other process, which the lock decides; and only if
its rows are for the same store, workspace and service.

Nothing here waits for the disk, and no call to it is made on the event loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from .._hooks.hooks import Hooks
from .._spool.disk import Disk
from .._spool.format import SpoolTarget
from .._spool.journal import Journal
from .._spool.orphans import Orphan, find
from .._spool.progress import LaneProgress
from .._spool.recovery import Recovered
from .._spool.syncer import Syncer, Write
from ..events import SpoolDamaged, SpoolFailed, SpoolLeft
from ..typing import Clock
from .adoptions import Adoptions
from .channel import Channel
from .closing import Closing
from .new_rows import NewRows, lane_of, rows_of

__all__ = ["Spool", "NewRows"]

# How long to wait after the disk has failed, in seconds: there are hundreds of turns a second.
RETRY_AFTER = 2.0
# If the disk does not answer for so long, in seconds, rows stay in memory only. A sync on a busy
# disk takes tens of milliseconds.
PATIENCE = 1.0
# How often to look for directories whose process has ended, in seconds.
LOOK_EVERY = 30.0
# The longest time until a directory that cannot be taken over is looked at again, in seconds.
LONGEST_WAIT = 3600.0
# So many directories are taken over at a time: each has its own lanes.
ADOPT_AT_ONCE = 4


class Spool:
    """The spool in ``directory``. ``adoptions`` get what was taken over; ``chance`` gives numbers
    in [0, 1). ``max_bytes`` bounds the disk, ``max_index_bytes`` the memory for where rows are."""

    def __init__(
        self,
        disk: Disk,
        directory: str,
        *,
        target: SpoolTarget,
        writer: str,
        max_bytes: int,
        max_index_bytes: int,
        chance: Callable[[], float],
        clock: Clock,
        adoptions: Adoptions,
        closing: Closing,
        hooks: Hooks,
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._target = target
        self._writer = writer
        self._max_bytes = max_bytes
        self._max_index_bytes = max_index_bytes
        self._chance = chance
        self._clock = clock
        self._adoptions = adoptions
        self._closing = closing
        self._hooks = hooks
        self._syncer: Syncer | None = None
        self._beginning = False
        self._begun_at = 0.0
        self._early: list[
            tuple[list[NewRows], Callable[[bool], None]]
        ] = []  # before the journal is there
        self._adopted: dict[str, Syncer] = {}
        self._leaving: list[Syncer] = []  # those of them that are being given back
        self._mine: set[str] = set()
        self._left: dict[
            str, tuple[str, float, float]
        ] = {}  # why, when to look again, after what wait
        self._journals = 0  # so many were created, or tried
        self._retry_at = 0.0
        self._look_at = 0.0
        self._looking = False
        self._looked_after = 0.0
        self._stalled = False
        self._wrong = self._lost = ""  # what the last look at our files found; if twice the same
        self.any_target = False  # take over rows for other stores too: see replay()
        self.looks = 0  # looks that found nothing to take over
        self.missed = 0  # rows that the disk did not take, or had no room for
        self.damaged: list[SpoolDamaged] = []

    def __repr__(self) -> str:
        return f"<Spool {self._syncer!r}, {len(self._adopted)} taken over>"

    # Rows -------------------------------------------------------------------------------------

    def keep(self, rows: list[NewRows], then: Callable[[bool], None]) -> bool | None:
        """Put the rows of a turn on the disk, all of them or none. Returns False if the disk takes
        none now; else None, and ``then`` gets the answer, perhaps before this returns."""
        rows = [one for one in rows if one.lines]
        if not rows or not self._takes():
            self.missed += rows_of(rows)
            return False
        syncer = self._syncer
        if syncer is None:
            self._early.append((rows, then))
            if not self._beginning:
                self._begin()
        else:
            self._put(syncer, rows, then)
        return None

    def _takes(self) -> bool:
        if self._closing.over or self._clock.monotonic() < self._retry_at or self._stalled:
            return False
        return self.size < self._max_bytes and self._index_size < self._max_index_bytes

    def _put(self, syncer: Syncer, rows: list[NewRows], then: Callable[[bool], None]) -> None:
        def add() -> None:
            for channel, first, lines in rows:
                progress = channel.progress
                if progress is None or channel.syncer is not syncer:
                    progress = channel.progress = syncer.journal.declare(lane_of(channel, first))
                    channel.syncer = syncer
                syncer.journal.add(progress, first, lines)

        def done(kept: bool, gone: list[LaneProgress]) -> None:
            for channel, _, _ in rows:
                if channel.progress in gone:
                    channel.progress = channel.syncer = None
            self.missed += 0 if kept else rows_of(rows)
            then(kept)

        syncer.put(Write(add, done))

    @property
    def size(self) -> int:
        """The bytes of all segments."""
        return sum(syncer.journal.size for syncer in self._syncers)

    def is_compact(self) -> bool:
        """Whether the index of rows takes at most half of its bound. If not, rows that are written
        again together take almost nothing."""
        syncer = self._syncer
        return syncer is None or 2 * syncer.journal.index_size <= self._max_index_bytes

    @property
    def _index_size(self) -> int:
        return sum(syncer.journal.index_size for syncer in self._syncers)

    @property
    def _syncers(self) -> list[Syncer]:
        return [*self._adopted.values(), *([self._syncer] if self._syncer else [])]

    def _begin(self) -> None:
        """Create our own journal."""
        self._beginning = True
        self._begun_at = self._clock.monotonic()
        salt = int(self._chance() * 2**32) | 1

        def begin() -> Journal:
            self._disk.make_directory(self._directory)
            while True:
                self._journals += 1
                name = f"{self._writer}-{self._journals}"
                path = os.path.join(self._directory, name)
                try:
                    journal = Journal.begin(self._disk, path, salt=salt, target=self._target)
                except FileExistsError:
                    continue  # an earlier process had the same writer id
                self._mine.add(name)
                return journal

        self._disk.apart(begin, self._begun)

    def _begun(self, journal: Journal | OSError) -> None:
        self._beginning = False
        if isinstance(journal, OSError):
            self._pause(_text(journal))
            self._give_up_early()
            return
        early, self._early = self._early, []
        syncer = self._syncer = Syncer(journal, self._disk, report=self._pause, line="own")
        for rows, then in early:
            self._put(syncer, rows, then)

    def _give_up_early(self) -> None:
        early, self._early = self._early, []
        for rows, then in early:
            self.missed += rows_of(rows)
            then(False)

    def _pause(self, reason: str) -> None:
        self._retry_at = self._clock.monotonic() + RETRY_AFTER
        self._hooks.emit(SpoolFailed(reason=reason))

    async def durable(self) -> bool:
        """Return when all rows kept so far survive a power cut. False: the disk has failed."""
        syncer = self._syncer
        return syncer is not None and not self._lost and await syncer.durable()

    # Trouble ----------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Notice a disk that does not answer: rows stay in memory only meanwhile."""
        now = self._clock.monotonic()
        since = self._begun_at if self._beginning else None
        if self._syncer is not None:
            since = self._syncer.waits_since
        waits = 0.0 if since is None else now - since
        stalled = waits > PATIENCE
        if stalled and not self._stalled:
            self._stalled = True
            self._hooks.emit(SpoolFailed(reason=f"the disk has not answered for {waits:.0f} s"))
            if self._syncer is not None:
                self._syncer.withdraw()
            self._give_up_early()
        self._stalled = stalled

    @property
    def held(self) -> dict[str, str]:
        """What needs an operator, and why."""
        found = {f"spool/{name}": reason for name, (reason, _, _) in self._left.items()}
        trouble = next((syncer.trouble for syncer in self._syncers if syncer.trouble), "")
        trouble = trouble or self._lost
        if self._stalled:
            trouble = trouble or "the disk does not answer"
        return {**found, **({"spool": trouble} if trouble else {})}

    # Directories of ended processes -----------------------------------------------------------

    def look(self, *, now: bool = False) -> float:
        """Every now and then, or ``now``, look for what ended processes have left. Returns in how
        many seconds to call this again."""
        at = self._clock.monotonic()
        self._watch()
        self._look_after(at)
        soon = PATIENCE if any(syncer.waits_since is not None for syncer in self._syncers) else None
        if self._closing.over or self._looking or len(self._adopted) >= ADOPT_AT_ONCE:
            return soon or LOOK_EVERY
        if now or at >= self._look_at:
            self._looking = True
            self._look_at = at + LOOK_EVERY
            left = {name for name, (_, again, _) in self._left.items() if again > at and not now}
            # Our own directory, while it is being created, looks like one that was cut off.
            begun = {f"{self._writer}-{self._journals + more}" for more in (0, 1)}
            known = self._mine | self._adopted.keys() | left | begun
            looking = partial(
                find,
                self._disk,
                self._directory,
                known=known,
                target=self._target,
                any_target=self.any_target,
            )
            self._disk.apart(looking, self._found, line="others")
        return min(max(self._look_at - at, 0.0), soon or LOOK_EVERY)

    def _look_after(self, at: float) -> None:
        """Check that our own files are still there; also the lock file, for earlier versions."""
        syncer = self._syncer
        if syncer is None or not syncer.alive or at < self._looked_after + LOOK_EVERY:
            return
        self._looked_after = at
        self._disk.apart(syncer.journal.look_after, self._looked_at)

    def _looked_at(self, wrong: str | OSError) -> None:
        found = _text(wrong) if isinstance(wrong, OSError) else wrong
        # A file may be being removed by us right now: report what is wrong twice.
        lost = found if found == self._wrong else ""
        self._wrong = found
        if lost and not self._lost:
            self._hooks.emit(SpoolFailed(reason=lost))
        self._lost = lost

    def _found(self, orphans: list[Orphan] | OSError) -> None:
        self._looking = False
        if isinstance(orphans, OSError):
            self._hooks.emit(SpoolFailed(reason=_text(orphans)))
            self.looks += 1
            return
        taken = False
        for orphan in orphans:
            if orphan.recovered is None:
                self._leave(orphan)
            elif self._closing.over:
                self._disk.apart(orphan.recovered.journal.close, _nothing, line="others")
            else:
                taken = True
                self._take(orphan.life, orphan.recovered)
        if taken:
            self._look_at = self._clock.monotonic()  # there may be more
            self._tidy()
        else:
            self.looks += 1

    def _leave(self, orphan: Orphan) -> None:
        reason, _, wait = self._left.get(orphan.life, ("", 0.0, LOOK_EVERY / 2))
        wait = LOOK_EVERY if orphan.passing else min(2 * wait, LONGEST_WAIT)
        self._left[orphan.life] = (orphan.reason, self._clock.monotonic() + wait, wait)
        if reason != orphan.reason:
            self._hooks.emit(SpoolLeft(life=orphan.life, reason=orphan.reason))

    def _take(self, name: str, recovered: Recovered) -> None:
        self._left.pop(name, None)
        report = partial(self._report_trouble, name)
        syncer = Syncer(recovered.journal, self._disk, report=report, line="others")
        self._adopted[name] = syncer
        if recovered.corrupt or recovered.lost:
            damaged = SpoolDamaged(
                life=name, corrupt=recovered.corrupt, rows=recovered.lost, reason=""
            )
            self.damaged.append(damaged)
            self._hooks.emit(damaged)
        self._adoptions.adopt(name, syncer, recovered)

    def _report_trouble(self, name: str, reason: str) -> None:
        self._hooks.emit(SpoolFailed(reason=f"{name}: {reason}"))

    def settled(self, channel: Channel) -> None:
        """Rows of the channel have become final: give back directories that are empty now."""
        if self._adopted:
            self._adoptions.settled(channel)
            self._tidy()

    def _tidy(self) -> None:
        """Give back the directories of ended processes that have no rows left."""
        for name, syncer in list(self._adopted.items()):
            if not syncer.journal.live:
                del self._adopted[name]
                self._leaving = [one for one in self._leaving if not one.closed]
                self._leaving.append(syncer)
                syncer.give_back()
                self._look_at = self._clock.monotonic()  # another one has room now

    @property
    def adopting(self) -> bool:
        """Whether rows of an ended process are being looked for, or stored."""
        return bool(self._adopted) or self._looking

    @property
    def left(self) -> dict[str, str]:
        """The directories that are not taken over, and why."""
        return {name: reason for name, (reason, _, _) in self._left.items()}

    # Loops, processes, the end ----------------------------------------------------------------

    def restart(self) -> None:
        """On a new loop: what the last one began will not be answered."""
        self._looking = False
        if self._beginning:
            self._begin()  # if the first one was created, it is an empty directory
        for syncer in self._syncers:
            syncer.restart()

    async def close(self) -> None:
        """Give all directories back, with what they hold."""
        for syncer in (*self._syncers, *self._leaving):
            await syncer.close()
        self._disk.close()

    def abandon(self) -> None:
        """In a forked child: the files that are open here belong to the parent."""
        self._disk.abandon()
        for syncer in self._syncers:
            syncer.alive = False
            syncer.journal.close()


def _nothing(_: object) -> None:
    pass


def _text(error: OSError) -> str:
    return error.strerror or str(error)
