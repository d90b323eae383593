"""The engine: one ring, one pump, the senders, one store; it makes rows final and counts them.

Rows come in from any thread through ``offer``; everything else happens on one event loop: the one
it is started on, or the one of the first collect(), or, on a host of its own, a thread's. Where
that loop ends, the next one takes over what is left; a child process begins with nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from .._core.accumulator import Batch
from .._core.commands import Event, Finish, Note, Release
from .._core.ids import HOUR_US, Ids
from .._core.marks import Crossing, Marks
from .._core.ring import Account, LockedRing, Ring
from .._core.unsettled import Unsettled
from ..control import Switch
from ..errors import ConfigError, FlushTimeout, PipelineClosed
from ..hooks import Hooks
from ..options import Settings, check_timeout
from ..records import Call, DeadLettered, HighWater, LowWater, RateChanged, Report, SettingsRejected
from ..typing import Clock, Hook, Store
from .channels import Channels
from .dead_letters import DeadLetters
from .driver import TICK
from .flushes import Flushes
from .fork import watch_forks
from .gate import Gates
from .host import Host
from .ledger import Ledger
from .pump import Pump
from .sender import Senders
from .shedder import Shedder
from .stream import Channel, Stream
from .telling import report
from .thread import LoopThread
from .waiters import Waiters
from .watch import Watch

__all__ = ["Engine"]

# A store's connections and threads may take this long to end, in seconds; then they are left.
STORE_CLOSE_TIMEOUT = 5.0
# What a flush from another loop waits longer than it was told, for the answer.
GRACE = 1.0


class Engine:
    """What a pipeline runs on. ``chance`` gives numbers in [0, 1), ``new_writer`` writer ids.

    ``thread``: the loop to live on, instead of the caller's.
    """

    def __init__(
        self,
        store: Store,
        *,
        settings: Settings,
        clock: Clock,
        chance: Callable[[], float],
        new_writer: Callable[[], str],
        hooks: tuple[Hook, ...],
        thread: LoopThread | None = None,
        gil: bool = True,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.hooks = Hooks(hooks)
        self.closed = False
        self.inspect: Callable[[], None] = lambda: None  # the store, at the start: see assembly
        self._store = store
        self._chance = chance
        self._new_writer = new_writer
        self.host = Host(thread, turn=self._turn, arrive=self._arrive)
        self.dead_letters = DeadLetters(settings.dead_letters)
        self.gates = Gates(
            Switch(settings.enabled, settings.sample_rate),
            under_pressure=settings.pressure_sample_rate,
            tell=lambda stream, rate: self.hooks.emit(RateChanged(stream=stream, rate=rate)),
        )
        self._watch: Watch | None = None
        if settings.settings_file is not None:
            self._watch = Watch(
                settings.settings_file,
                obey=self.gates.obey,
                complain=lambda error: self.hooks.emit(SettingsRejected(reason=str(error))),
            )
            self._watch.look()
        make = Ring if gil else LockedRing
        self.ring = make(settings.limits.ring_slots, budget=settings.max_memory_bytes)
        self._accounts: dict[tuple[Stream, ...], Account] = {}
        writer = new_writer()
        self.ids = Ids(writer)
        self.channels = Channels(settings, writer=writer)
        self._begin()
        watch_forks(self)

    def _begin(self) -> None:
        """Everything that belongs to one process and its rows."""
        self.asleep = True  # the pump waits for a wake; see wake()
        self.unsettled = Unsettled()
        self.marks = Marks(self.settings.max_memory_bytes)
        self.ledger = Ledger()
        self.pump = Pump(
            self.ring,
            unsettled=self.unsettled,
            channel_of=self.channels.channel_of,
            submit=self._submit,
            note=self._note,
        )
        self.senders = self._make_senders()
        self._shedder = Shedder(
            self.channels,
            delivery_timeout=self.settings.delivery_timeout,
            cut=self.pump.cut,
            perform=lambda channel, commands: self.senders.perform(channel, commands),
        )
        self.waiters = Waiters(self.offer)
        self._flushes = Flushes(self.unsettled)
        self._closing: asyncio.Task[Report] | None = None
        self._final: Report | None = None

    def _make_senders(self) -> Senders:
        return Senders(
            self._store,
            settings=self.settings,
            chance=self._chance,
            note=self._note,
            rested=self._rested,
        )

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self.host.loop else "not started"
        return f"<Engine {state}, {self.ring!r}, {self.senders!r}>"

    # Accepting, from any thread ---------------------------------------------------------------

    def account_of(self, streams: tuple[Stream, ...]) -> Account:
        """The share of the budget of one collector or model; the same one for the same streams."""
        account = self._accounts.get(streams)
        if account is None:
            account = self._accounts.setdefault(streams, Account(share=self.settings.share))
            self.ring.keep_share(account)
        return account

    def offer(self, call: Call) -> int:
        """Put a call into the ring, or say why not (see ring.py); wake the pump if it sleeps."""
        verdict = self.ring.put(call, call[4], call[5], call[6])
        if self.asleep:
            self.wake()
        return verdict

    def wake(self) -> None:
        """Let the pump look at the ring. From any thread, and from signal handlers."""
        self.asleep = False
        woken = False
        try:
            woken = self.host.wake()
        finally:
            if not woken:
                self.asleep = True  # no loop here: the rows wait for one

    def end(self) -> None:
        """Accept nothing more."""
        self.closed = True
        self.ring.close()

    # Loops and processes ----------------------------------------------------------------------

    def start(self) -> None:
        """Live on the running loop, or on the pipeline's thread; idempotent."""
        if self.closed:
            raise PipelineClosed("the pipeline is closed; make a new one")
        self.host.start()

    def _arrive(self, again: bool) -> None:
        """On a new loop. ``again``: go on with what another has left, whose tasks and timers never
        run again, and whose futures wake nobody."""
        if again:
            self.senders.abandon()
            self.senders = self._make_senders()
            self.waiters.forget()
            self._flushes.forget()
            self.senders.resume(list(self.channels))
        else:
            self.inspect()
        if self._watch is not None:
            self._watch.start()

    def begin_in_child(self) -> None:
        """After a fork: the rows, sockets and ids are the parent's; begin with nothing."""
        writer = self._new_writer()
        self.ids = Ids(writer)
        self.ring.clear(self._accounts.values())
        self.channels.clear(writer=writer)
        self.host = self.host.in_child()
        self._begin()

    # A turn, on the loop ----------------------------------------------------------------------

    def _turn(self) -> float | None:
        """One slice of work; returns when the next one is wanted (see Driver)."""
        self.asleep = False
        before = self.pump.rows_taken
        more = self.pump.turn(self.clock.monotonic())
        self._after_turn()
        if more:
            return 0.0
        wait: float | None = None
        if self.pump.rows_taken != before:
            wait = TICK
        else:
            self.asleep = True
            if len(self.ring):  # put between the turn and the line above
                self.asleep = False
                return 0.0
        deadline = self.pump.next_deadline()
        if deadline is not None:
            wait = _sooner(wait, deadline - self.clock.monotonic())
        again = self._shedder.expire(self.clock.monotonic())
        if again is not None and self.ring.used:
            wait = _sooner(wait, again)
        return wait

    def _after_turn(self) -> None:
        self.waiters.grant()
        self._watch_marks()
        if self._flushes.due(self.pump.calls_done):
            for channel in self.channels:
                self.pump.seal(channel)
            self._flushes.sealed(self.pump.calls_done)
        self.channels.forget(self.clock.time_ns() // 1000 // HOUR_US)

    # Becoming final ---------------------------------------------------------------------------

    def _submit(self, channel: Channel, batch: Batch) -> None:
        self.senders.perform(channel, channel.lane.submit(batch))

    def _rested(self, channel: Channel) -> None:
        if channel.due:
            self.pump.seal(channel)

    def _note(self, ends: list[Finish | Release | Note]) -> None:
        """The one place where rows become final. Counted first, told then: a hook that looks at
        the counters finds the equation true."""
        released = False
        for end in ends:
            if isinstance(end, Finish):
                self.ledger.finish(end.outcome, end.rows, end.reason)
                if isinstance(end.notice, DeadLettered):
                    self.dead_letters.write(
                        end.notice.path, rows=end.rows, reason=end.reason, content=end.content
                    )
            elif isinstance(end, Release):
                released = True
                self.unsettled.remove(end.batch)
                for account, charged in end.batch.charges:
                    self.ring.charge(-charged, account)
        if released:
            self.waiters.grant()
            self._watch_marks()
            self._flushes.wake()
        for end in ends:
            if not isinstance(end, Release):
                self.hooks.emit(end.notice)

    def _watch_marks(self) -> None:
        used = self.ring.used
        crossing = self.marks.update(used)
        if crossing is Crossing.HIGH:
            self.gates.press(True)
            self.hooks.emit(HighWater(used=used))
            if self.settings.when_full == "shed_oldest":
                self._shedder.make_room(lambda: self.ring.used <= self.marks.low)
        elif crossing is Crossing.LOW:
            self.gates.press(False)
            self.hooks.emit(LowWater(used=used))

    # Flush and close --------------------------------------------------------------------------

    async def flush(self, timeout: float | None = None) -> Report:
        """Seal all, and wait until everything accepted before is final."""
        check_timeout(timeout)
        if self.closed:
            return await self.aclose()
        began = self.clock.monotonic()
        # A second time here: the pipeline's loop may be another one, and stop.
        patience = None if timeout is None else timeout + GRACE
        try:
            async with asyncio.timeout(patience):
                await self.host.run(lambda: self._settle_all(timeout))
        except TimeoutError:
            found = self.host.ask(lambda: report(self, began))
            raise FlushTimeout(
                f"{found.in_memory} rows were not stored within {timeout} s", found
            ) from None
        return self.host.ask(lambda: report(self, began))

    async def _settle_all(self, timeout: float | None) -> None:
        """Return once everything accepted before is final. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            self.wake()
            await self._flushes.settle(self.ring.accepted)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, flush until the deadline, then give up what is left; idempotent."""
        check_timeout(timeout)
        if self._final is not None:
            return self._final
        try:
            return await self.host.run(lambda: self._closed(timeout))
        except (PipelineClosed, RuntimeError, asyncio.CancelledError):
            # The pipeline's thread has just ended, with somebody else's close.
            if self._final is None:
                raise
            return self._final

    async def _closed(self, timeout: float | None) -> Report:
        """Wait for the one closing, which is a task of its own: hosts cancel their shutdown."""
        loop = asyncio.get_running_loop()
        while True:
            closing = self._closing
            if closing is None or closing.cancelled() or closing.get_loop() is not loop:
                closing = self._closing = loop.create_task(self._close(timeout))
            try:
                return await asyncio.shield(closing)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not closing.cancelled() or (task is not None and task.cancelling()):
                    raise

    async def _close(self, timeout: float | None) -> Report:
        began = self.clock.monotonic()
        self.end()
        self.waiters.close()
        self.senders.hurry()
        deadline = self.settings.close_timeout if timeout is None else timeout
        try:
            with suppress(TimeoutError):
                await self._settle_all(deadline)
            await self.senders.stop()
        except asyncio.CancelledError:
            # Somebody cancels all tasks: the loop is about to end. Account for what is left now.
            self.senders.abandon()
        self.host.stop()
        if self._watch is not None:
            self._watch.stop()
        self._give_up("closed")
        self._flushes.sealed(self.pump.calls_done)
        self._flushes.wake()
        try:
            async with asyncio.timeout(STORE_CLOSE_TIMEOUT):
                await self._store.aclose()
        except (Exception, asyncio.CancelledError):
            self.hooks.errors += 1
        self._final = report(self, began)
        self.host.end()
        return self._final

    def close(self, timeout: float | None = None) -> Report:
        """aclose() for a thread that runs no event loop."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            try:
                return self._final or self.host.run_blocking(lambda: self.aclose(timeout))
            except PipelineClosed:
                if self._final is None:
                    raise
                return self._final
        raise ConfigError("close() would block the event loop of this thread; await aclose()")

    def _give_up(self, reason: str) -> None:
        """Account for every row that the deadline has left."""
        try:
            while self.pump.turn(self.clock.monotonic()):
                pass
        except Exception:  # our bug: what it has left is told as in memory
            self.hooks.errors += 1
        for channel in self.channels:
            self.pump.seal(channel)
            lane = channel.lane
            if lane.busy:
                self.senders.perform(channel, lane.on(Event.GIVE_UP, reason=reason))


def _sooner(wait: float | None, other: float) -> float:
    return max(0.0, other if wait is None else min(wait, other))
