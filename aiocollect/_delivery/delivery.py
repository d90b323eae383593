"""Delivery: one process's work, from the ring until rows are final.

It takes calls from the ring, has them encoded and sealed, sent by their lanes, and counted when
they are final. Everything here is on one event loop. The ring and the streams live as long as the
pipeline; a forked child, and a closed pipeline that starts again, have another Delivery.

Invariants: rows become final in ``settle`` alone, each once; they are counted first and reported
then, so that a hook that looks at the counters finds the equation true.
"""

from __future__ import annotations

import asyncio

from .._core.commands import Finish, GiveUp, LaneEvent, Release
from .._core.ids import HOUR_US
from .._core.marks import Marks
from .._core.rings import is_native
from .._core.unsettled import Unsettled
from .._hooks.hooks import pass_on
from ..events import DeadLettered
from .adoptions import Adoptions
from .backlog import Backlog
from .backpressure import Backpressure
from .channel import Channel
from .closing import Closing
from .counters import Counters, LogSums, RowFields
from .door import Door
from .flushes import Flushes
from .headroom import Headroom
from .intake import Intake
from .lasting import Lasting
from .native_intake import NativeIntake
from .optional import log_of, spool_of
from .polling import Polling
from .pump import Pump
from .senders import RequestCounts, Senders
from .settling import Ends
from .shedder import Shedder

__all__ = ["Delivery"]

# How soon to look again while the disk has rows that it has not answered for, in seconds.
SOON = 0.005


class Delivery:
    """``writer`` is the id of this process. ``own_thread``: nothing but the pipeline runs here.
    ``closed``: in the child of a process where the pipeline was closed."""

    def __init__(
        self, door: Door, lasting: Lasting, *, writer: str, own_thread: bool, closed: bool = False
    ) -> None:
        settings = lasting.settings
        self._door = door
        self._lasting = lasting
        self._ring = lasting.ring
        self._channels = lasting.channels
        self._clock = lasting.clock
        self._hooks = lasting.hooks
        self.closing = Closing(begun=closed)
        self._unsettled = Unsettled()
        marks = Marks(settings.max_memory_bytes)
        self.counters = Counters()
        self._held: dict[Channel, None] = {}  # whose rows do not move
        self.senders = self._make_senders()
        self.backlog = Backlog(
            self._channels,
            self._ring,
            unsettled=self._unsettled,
            low=marks.low,
            max_batch=settings.max_batch_bytes,
            # Beside what the budget allows: a quarter more in all.
            reserve=settings.max_memory_bytes // 8,
            senders=self.senders,
            settling=self,
            closing=self.closing,
        )
        self._shedder = Shedder(
            self.backlog,
            sheds=settings.when_full == "shed_oldest",
            delivery_timeout=settings.delivery_timeout,
            unsettled=self._unsettled,
        )
        self._adoptions = Adoptions(
            door,
            channels=self._channels,
            backlog=self.backlog,
            shedder=self._shedder,
            counters=self.counters,
            unsettled=self._unsettled,
            clock=self._clock,
            hooks=self._hooks,
        )
        self.spool = spool_of(
            lasting, writer=writer, adoptions=self._adoptions, closing=self.closing
        )
        self.headroom = Headroom(
            door,
            self._ring,
            marks,
            gates=lasting.gates,
            hooks=self._hooks,
            backlog=self.backlog,
            shedder=self._shedder,
            spool=self.spool,
        )
        self.log = log_of(
            lasting, writer=writer, closing=self.closing, spool=self.spool, sums=self._sums
        )
        self._channels.witness = self.log
        kind = NativeIntake if is_native(self._ring) else Intake
        intake = kind(self._ring, channels=self._channels, settling=self, own_thread=own_thread)
        self.pump = Pump(
            self._ring,
            intake,
            unsettled=self._unsettled,
            backlog=self.backlog,
            shedder=self._shedder,
            spool=self.spool,
            log=self.log,
        )
        linger = settings.linger if self.spool is None else 0.0
        self._polling = Polling(settings.limits.ring_slots, linger=linger)
        self.backpressure = Backpressure(door, self.closing)
        self._flushes = Flushes(self._unsettled)

    def _make_senders(self) -> Senders:
        lasting = self._lasting
        return Senders(
            lasting.store,
            settings=lasting.settings,
            chance=lasting.chance,
            settling=self,
            closing=self.closing,
            held=self._held,
        )

    def __repr__(self) -> str:
        return f"<Delivery, {self.closing!r}, {self.pump!r}, {self.senders!r}>"

    # A turn -----------------------------------------------------------------------------------

    def turn(self) -> float | None:
        """One slice of work. Returns in how many seconds the next one is wanted; None: after a
        wake."""
        clock, ring = self._clock, self._ring
        more = self.pump.turn(clock.monotonic())
        again = self._after_slice()
        if more or again == 0.0 or self._adoptions.go_on() or self.headroom.let_go():
            return 0.0
        wait = self._polling.next(self.pump.rows_taken)
        if wait is None:
            self._door.asleep = True
            if len(ring):  # put between the slice and the line above
                self._door.asleep = False
                return 0.0
        if again is not None:
            wait = _sooner(wait, again)
        deadline = self.pump.next_deadline()
        if deadline is not None:
            wait = _sooner(wait, deadline - clock.monotonic())
        look = self._shedder.expire(clock.monotonic())
        if look is not None and ring.used:
            wait = _sooner(wait, look)
        if self.spool is not None:
            look = self.spool.look()
            wait = _sooner(wait, min(look, SOON) if self.pump.write_ahead else look)
        return wait

    def _after_slice(self) -> float | None:
        """What a slice leads to; in how many seconds there is more of it to do."""
        self.backpressure.grant()
        shedding = self.headroom.shedding  # since an earlier turn
        self.headroom.watch()
        more = self._flushes.seal(self.pump)
        if shedding:
            self.headroom.shed()
        if more or self.headroom.shedding:
            return 0.0
        return self._channels.forget(
            self._clock.time_ns() // 1000 // HOUR_US,
            now=self._clock.monotonic(),
            pressed=self.headroom.pressed,
        )

    # Becoming final ---------------------------------------------------------------------------

    def settle(self, ends: Ends, channel: Channel | None = None) -> None:
        """The one place where rows become final. Counted first, reported then."""
        if channel is not None and channel.is_log:
            self._adoptions.settle_log(ends, channel)
            self._after_release(channel)
            return
        released = False
        for end in ends:
            if isinstance(end, Finish):
                self.counters.finish(end.outcome, end.rows, end.reason)
                if channel is not None:
                    self._channels.totals.ended += end.rows
                    channel.finish(end.first, end.rows, end.outcome)
                if isinstance(end.notice, DeadLettered):
                    self._lasting.dead_letters.write(
                        end.notice.path, rows=end.rows, reason=end.reason, content=end.content
                    )
            elif isinstance(end, Release):
                released = True
                self._unsettled.remove(end.batch.serial)
                self.backlog.released(end.batch.serial)
                for account, charged in end.batch.charges:
                    self._ring.charge(-charged, account)
        if released:
            self._after_release(channel)
        if self.log is not None:
            self.log.ended(ends)
        for end in ends:
            if not isinstance(end, Release):
                self._hooks.emit(end.notice)

    def _after_release(self, channel: Channel | None) -> None:
        """A batch of the channel has given its room back."""
        self.backpressure.grant()
        self.headroom.watch()
        self._flushes.wake()
        if channel is None:
            return
        if self._door.asleep and self.headroom.pressed and channel.idle:
            self._door.wake()  # it may be forgotten
        if self.spool is not None:
            self.spool.settled(channel)

    def rested(self, channel: Channel) -> None:
        """The channel's lane is idle, and can take the next batch."""
        # While a backlog waits they may as well go on coalescing, or be let go of.
        if channel.due and not channel.backlog:
            self.pump.seal(channel)
        self.backlog.next(channel)

    async def flush(self) -> None:
        """Return once everything accepted so far is final."""
        await self._flushes.settle(self._ring.accepted)

    # Loops and processes ----------------------------------------------------------------------

    def move_to_new_loop(self) -> None:
        """Go on with what another loop has left. Its tasks and timers never run again, and its
        futures have no waiters."""
        self.senders.abandon()
        self.senders = self.backlog.senders = self._make_senders()
        self.backpressure.forget()
        self._flushes.forget()
        self._lasting.dead_letters.forget()
        if self.log is not None:
            self.log.move_to_new_loop()
        if self.spool is not None:
            self.spool.restart()
        self.senders.resume(list(self._channels))
        self.backlog.restart()

    def abandon(self) -> None:
        """In a forked child: the rows, and what is open, are the parent's."""
        self.closing.end()
        self._lasting.dead_letters.forget()
        if self.spool is not None:
            self.spool.abandon()

    # Closing ----------------------------------------------------------------------------------

    def close_admission(self) -> None:
        """Accept nothing more, and make no wait long."""
        self.closing.begin()
        self._ring.close()
        self.backpressure.close()
        self.senders.hurry()

    async def settle_logs(self) -> None:
        """Return when the lines of ended processes' logs are stored."""
        await self._adoptions.logs_settled()

    async def stop_sending(self) -> None:
        """End all requests, within a second."""
        await self.senders.stop()

    def abandon_requests(self) -> None:
        """End all requests now: the loop is about to end."""
        self.senders.abandon()

    async def spool_rest(self, timeout: float) -> None:
        """Have what the ring still holds in the spool, if the disk answers in time."""
        ahead = self.pump.write_ahead
        if ahead is None:
            return
        self._encode_all()
        try:
            async with asyncio.timeout(timeout):
                await ahead.settled()
        except (TimeoutError, asyncio.CancelledError):
            pass

    def give_up(self, reason: str) -> None:
        """Account for every row that is left: in the spool, where it is there, else given up."""
        self.closing.stop()
        self._encode_all()
        if self.pump.write_ahead is not None:
            self.pump.write_ahead.take_back()
        for channel in self._channels:
            self.pump.seal(channel)
            lane = channel.lane
            if lane.busy:
                ends = lane.on(LaneEvent.GIVE_UP, GiveUp(reason, channel.kept))
                self.senders.perform(channel, ends)
            self.backlog.give_up(channel, reason)
        self._flushes.sealed(self.pump.calls_done)
        self._flushes.wake()

    async def close_log(self, timeout: float) -> None:
        """Every row has ended: end the log, within ``timeout`` seconds. The spool takes its last
        lines, and then nothing more."""
        if self.log is not None:
            await self.log.close(self._channels, timeout)
        self.closing.end()

    async def close_spool(self) -> None:
        """Give the spool's directories back, with what they hold."""
        if self.spool is not None:
            await self.spool.close()

    def _encode_all(self) -> None:
        """Encode what the ring still holds. An interrupt that comes in goes on its way after."""
        more = True
        while more:
            try:
                more = self.pump.turn(self._clock.monotonic())
            except (KeyboardInterrupt, SystemExit) as interrupt:
                pass_on(interrupt)
            except Exception:  # our bug: what it has left is reported as in memory
                self._hooks.errors += 1
                return

    # What it reports --------------------------------------------------------------------------

    def counts(self) -> RowFields:
        """What became of all rows so far: the conservation equation holds in it."""
        accepted = self._ring.rows  # once: other threads raise it
        return self.counters.counts(
            accepted=accepted,
            in_memory=self.in_memory(accepted),
            parked=self._channels.totals.parked,
        )

    def in_memory(self, accepted: int) -> int:
        """Rows of those accepted here that are not final and in memory: in the ring, and what has
        come to the channels, less what has ended there, or is on the disk alone."""
        pump, totals = self.pump, self._channels.totals
        in_ring = accepted - pump.rows_taken
        return in_ring + pump.rows_encoded + self.counters.adopted - totals.ended - totals.parked

    def counted_in_memory(self, accepted: int) -> int:
        """The same, counted where they are: for who wants to know whether the sums are right."""
        in_ring = accepted - self.pump.rows_taken
        return in_ring + sum(channel.rows for channel in self._channels if not channel.is_log)

    def _sums(self) -> LogSums:
        return self.counters.sums(self._ring.rows)

    def requests(self) -> RequestCounts:
        """The requests to the store, on this event loop."""
        return self.senders.counts()

    def oldest_age(self) -> float | None:
        """Seconds since the oldest row that is not final was taken from the ring."""
        ages = (self.pump.open.oldest, self._unsettled.oldest)
        born = [one for one in ages if one is not None]
        return self._clock.monotonic() - min(born) if born else None

    def held(self) -> dict[str, str]:
        """The parts whose rows wait for an operator, and why; and what the spool waits for."""
        found: dict[str, str] = {}
        for channel in list(self._held):
            lane = channel.lane
            if lane.held:
                found[lane.parts.name] = lane.held
            else:
                del self._held[channel]
        return found if self.spool is None else {**found, **self.spool.held}

    @property
    def unspooled(self) -> int:
        """Rows that the spool's disk did not take."""
        return 0 if self.spool is None else self.spool.missed


def _sooner(wait: float | None, other: float) -> float:
    return max(0.0, other if wait is None else min(wait, other))
