"""The spool: puts encoded rows on the disk, and takes over what other lives have left there.

A directory holds one journal for each process and life. The rows of a turn of the pump are written
together; from then on they survive the process. When the disk does not take them they are in memory
alone, and it is tried again a few seconds later. Directories whose process has ended are taken
over, one life by exactly one other: the lock decides.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from .._core.journal import NOTHING, Lane
from ..disk import Disk, Lock
from ..records import Event, SpoolDamaged, SpoolFailed
from ..typing import Clock
from .journal import LOCK, Journal
from .keeper import Keeper
from .recovery import Recovered, recover
from .stream import Channel

__all__ = ["Spool"]

# After the disk has failed, in seconds: every turn would be hundreds a second.
RETRY_AFTER = 2.0
# How often it is looked for directories whose process has ended, in seconds.
LOOK_EVERY = 30.0
# Directories that are worked on at a time: each has lanes of its own.
ADOPT_AT_ONCE = 4
_ASIDE = "corrupt-"


class Orphan(NamedTuple):
    """What a look has found: a directory that was taken over, or why it was not."""

    life: str
    recovered: Recovered | None
    reason: str


class Spool:
    """``adopt`` is called with what was taken over; ``salt`` gives 32 bits of chance.
    ``max_index_bytes`` bounds the memory for knowing where rows are."""

    def __init__(
        self,
        disk: Disk,
        directory: str,
        *,
        writer: str,
        max_bytes: int,
        max_index_bytes: int,
        salt: Callable[[], int],
        clock: Clock,
        adopt: Callable[[str, Recovered], None],
        tell: Callable[[Event], None],
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._writer = writer
        self._max_bytes = max_bytes
        self._max_index_bytes = max_index_bytes
        self._salt = salt
        self._clock = clock
        self._adopt = adopt
        self._tell = tell
        self._keeper: Keeper | None = None
        self._adopted: dict[str, Keeper] = {}
        self._mine: set[str] = set()
        self._refused: set[str] = set()  # of another version: told once
        self._lives = 0
        self._retry_at = 0.0
        self._look_at = 0.0
        self._looking = False
        self.looks = 0  # that found nothing to take over
        self.missed = 0  # rows that the disk did not take, or had no room for
        self.closed = False

    def __repr__(self) -> str:
        return f"<Spool {self._keeper!r}, {len(self._adopted)} taken over>"

    # Rows -------------------------------------------------------------------------------------

    def keep(self, encoded: list[tuple[Channel, list[bytes]]]) -> bool:
        """Put the rows of a turn on the disk: all of them, or none."""
        encoded = [(channel, lines) for channel, lines in encoded if lines]
        keeper = self._ready() if encoded else None
        kept = False
        if keeper is not None:
            try:
                kept = self._write(keeper, encoded)
            except OSError as error:
                keeper.fail(error)
        if not kept:
            self.missed += sum(len(lines) for _, lines in encoded)
        return kept

    def _write(self, keeper: Keeper, encoded: list[tuple[Channel, list[bytes]]]) -> bool:
        journal = keeper.journal
        if self.size >= self._max_bytes or self._index_size >= self._max_index_bytes:
            return False
        for channel, lines in encoded:
            trail = channel.trail
            if trail is None or channel.keeper is not keeper:
                trail = channel.trail = journal.declare(_lane(channel))
                channel.keeper = keeper
            journal.add(trail, max(trail.end, channel.accumulator.next), lines)
        if journal.commit():
            keeper.written()
            return True
        self._pause("the disk takes no more")
        return False

    @property
    def size(self) -> int:
        """The bytes of all segments."""
        return sum(keeper.journal.size for keeper in self._keepers)

    @property
    def _index_size(self) -> int:
        return sum(keeper.journal.index_size for keeper in self._keepers)

    @property
    def _keepers(self) -> list[Keeper]:
        return [*self._adopted.values(), *([self._keeper] if self._keeper else [])]

    def _ready(self) -> Keeper | None:
        keeper = self._keeper
        if self.closed or self._clock.monotonic() < self._retry_at:
            return None
        if keeper is None or not keeper.alive:
            try:
                keeper = self._keeper = self._begin()
            except OSError as error:
                self._pause(_text(error))
                return None
        return keeper

    def _begin(self) -> Keeper:
        """A journal of our own. Raises OSError."""
        self._disk.make_directory(self._directory)
        while True:
            self._lives += 1
            life = f"{self._writer}-{self._lives}"
            path = os.path.join(self._directory, life)
            self._mine.add(life)
            try:
                journal = Journal.begin(self._disk, path, salt=self._salt())
            except FileExistsError:
                self._mine.discard(life)
                continue  # an earlier process had the same writer id
            return Keeper(journal, self._disk, failed=lambda error: self._pause(_text(error)))

    def _pause(self, reason: str) -> None:
        self._retry_at = self._clock.monotonic() + RETRY_AFTER
        self._tell(SpoolFailed(reason=reason))

    async def durable(self) -> bool:
        """Return when all rows kept so far survive a power cut. False: the disk has failed."""
        keeper = self._keeper
        return keeper is not None and await keeper.durable()

    # Other lives ------------------------------------------------------------------------------

    def look(self, *, now: bool = False) -> float:
        """Now and then, or ``now``, look for what other lives have left; returns when to look
        again."""
        at = self._clock.monotonic()
        if self.closed or self._looking or len(self._adopted) >= ADOPT_AT_ONCE:
            return LOOK_EVERY
        if now or at >= self._look_at:
            self._looking = True
            self._look_at = at + LOOK_EVERY
            known = self._mine | self._adopted.keys() | self._refused
            self._disk.apart(lambda: self._find(known), self._found)
        return max(self._look_at - at, 0.0)

    def _find(self, known: set[str]) -> Orphan | None:
        """*Apart.* The next directory whose process has ended, taken over. Raises OSError."""
        self._disk.make_directory(self._directory)
        for life in self._disk.names(self._directory):
            if life in known or life.startswith(_ASIDE):
                continue
            path = os.path.join(self._directory, life)
            try:
                lock = self._disk.lock(os.path.join(path, LOCK))
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed meanwhile, or none of ours
            if lock is not None:
                return self._take_over(life, path, lock)
        return None

    def _take_over(self, life: str, path: str, lock: Lock) -> Orphan:
        try:
            return Orphan(life, recover(self._disk, path, lock), "")
        except (OSError, ValueError) as error:
            lock.release()
            return Orphan(life, None, _text(error) if isinstance(error, OSError) else str(error))

    def _found(self, orphan: Orphan | OSError | None) -> None:
        self._looking = False
        if orphan is None:
            self.looks += 1
            return
        if isinstance(orphan, OSError):
            self._tell(SpoolFailed(reason=_text(orphan)))
            self.looks += 1
            return
        recovered = orphan.recovered
        if recovered is None:
            self._refused.add(orphan.life)
            self._tell(SpoolDamaged(life=orphan.life, corrupt=0, rows=0, reason=orphan.reason))
        elif self.closed:
            recovered.journal.close()
            return
        else:
            keeper = Keeper(recovered.journal, self._disk)
            self._adopted[orphan.life] = keeper
            if recovered.corrupt or recovered.lost:
                self._tell(
                    SpoolDamaged(
                        life=orphan.life, corrupt=recovered.corrupt, rows=recovered.lost, reason=""
                    )
                )
            self._adopt(orphan.life, recovered)
        self._look_at = self._clock.monotonic()  # there may be more
        self.tidy()

    def keeper_of(self, life: str) -> Keeper:
        """The keeper of a directory that was taken over."""
        return self._adopted[life]

    def tidy(self) -> None:
        """Give back the directories of other lives of which nothing is left."""
        for life, keeper in list(self._adopted.items()):
            if not keeper.journal.live:
                del self._adopted[life]
                keeper.give_back()
                self._look_at = self._clock.monotonic()  # another one has room now

    @property
    def adopted(self) -> bool:
        """Whether it works on directories of other lives."""
        return bool(self._adopted)

    @property
    def adopting(self) -> bool:
        """Whether something of another life's is under way."""
        return bool(self._adopted) or self._looking

    # Loops, processes, the end ----------------------------------------------------------------

    def restart(self) -> None:
        """On a new loop: what the last one has begun has no known end."""
        self._looking = False
        for keeper in (*self._adopted.values(), *([self._keeper] if self._keeper else [])):
            keeper.restart()

    async def close(self) -> None:
        """Give all directories back, with what they hold."""
        self.closed = True
        for keeper in (*self._adopted.values(), *([self._keeper] if self._keeper else [])):
            await keeper.close()

    def abandon(self) -> None:
        """In a forked child: what is open here is the parent's too."""
        self.closed = True
        self._disk.abandon()
        for keeper in (*self._adopted.values(), *([self._keeper] if self._keeper else [])):
            keeper.journal.close()


def _lane(channel: Channel) -> Lane:
    lane, parts = channel.lane, channel.lane.parts
    return Lane(
        number=0,
        slot=0,
        path=parts.path,
        header=parts.header,
        own=parts.own,
        writer=parts.writer,
        ordinal=parts.ordinal,
        content_type=channel.content_type,
        first=channel.accumulator.next,
        stand=lane.stand,
        sent=lane.under_way if lane.sending else NOTHING,
    )


def _text(error: OSError) -> str:
    return error.strerror or str(error)
