"""The engine: one ring, one pump, the senders, one store; it makes rows final and counts them.

Rows come in from any thread through ``offer``; everything else happens on one event loop: the one
it is started on, or the one of the first collect(), or, on a host of its own, a thread's. Where
that loop ends, the next one takes over what is left; a child process begins with nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .._core.accumulator import Batch
from .._core.commands import Event, Finish, Note, Release
from .._core.ids import HOUR_US, Ids
from .._core.marks import Crossing, Marks
from .._core.ring import Account, LockedRing, Ring
from .._core.unsettled import Unsettled
from ..errors import ConfigError, FlushTimeout, PipelineClosed
from ..hooks import Hooks
from ..options import Settings
from ..records import Call, HighWater, LowWater, Report
from ..typing import Clock, Hook, Store
from .channels import Channels
from .driver import TICK, Driver
from .flushes import Flushes
from .fork import watch_forks
from .ledger import Ledger
from .pump import Pump
from .sender import Senders
from .stream import Channel, Stream
from .telling import report
from .thread import LoopThread
from .waiters import Waiters

__all__ = ["Engine"]

# A store's connections and threads may take this long to end, in seconds; then they are left.
STORE_CLOSE_TIMEOUT = 5.0

_T = TypeVar("_T")


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
        self.why_closed = "the pipeline is closed"
        self._store = store
        self._chance = chance
        self._new_writer = new_writer
        self._thread = thread
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
        self.waiters = Waiters(self.offer)
        self._flushes = Flushes(self.unsettled)
        self._driver: Driver | None = None
        self._binding = threading.Lock()  # never taken by a call once the pipeline runs
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
        state = "closed" if self.closed else "running" if self._driver else "not started"
        return f"<Engine {state}, {self.ring!r}, {self.senders!r}>"

    # Accepting, from any thread ---------------------------------------------------------------

    def account_of(self, streams: tuple[Stream, ...]) -> Account:
        """The share of the budget of one collector or model; the same one for the same streams."""
        with self._binding:
            account = self._accounts.get(streams)
            if account is None:
                account = self.ring.open_account(share=self.settings.share)
                self._accounts[streams] = account
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
        driver = self._driver
        if driver is not None:
            try:
                driver.wake()
            except RuntimeError:
                pass  # its loop has ended; another may go on
            else:
                return
        loop = self._host()
        if loop is None:
            self.asleep = True  # no loop here: the rows wait for one
        else:
            self._bind(loop)

    def end(self) -> None:
        """Accept nothing more."""
        self.closed = True
        self.ring.close()

    # Loops ------------------------------------------------------------------------------------

    def _host(self) -> asyncio.AbstractEventLoop | None:
        """The loop to live on, as seen from here; None where there is none."""
        if self._thread is not None:
            return self._thread.start()
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            return None

    def start(self) -> None:
        """Bind to the running loop, or start the pipeline's thread; idempotent."""
        if self.closed:
            raise PipelineClosed(f"{self.why_closed}; make a new one")
        loop = self._host()
        if loop is None:
            raise ConfigError(
                "no event loop runs here; await start() on one, or take host='thread'"
            )
        if self._lives_elsewhere(loop):
            raise ConfigError("the pipeline runs on another event loop; make one pipeline per loop")
        self._bind(loop)

    def _lives_elsewhere(self, loop: asyncio.AbstractEventLoop) -> bool:
        driver = self._driver
        return driver is not None and driver.loop is not loop and driver.loop.is_running()

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on ``loop`` from now on, and go on there with what another has left."""
        with self._binding:
            if self._driver is None or self._driver.loop is not loop:
                if self._driver is not None:
                    self._leave(self._driver)
                pause = 0.0 if self._thread is None else self._thread.pause
                self._driver = Driver(loop, self._turn, pause=pause)
                loop.call_soon_threadsafe(self.senders.resume, list(self.channels))
        self._driver.wake()

    def _leave(self, driver: Driver) -> None:
        """The loop has ended: its tasks and timers never run again, its futures wake nobody."""
        driver.stop()
        self.senders.abandon()
        self.senders = self._make_senders()
        self.waiters.forget()
        self._flushes.forget()

    def begin_in_child(self) -> None:
        """After a fork: the rows, sockets and ids are the parent's; begin with nothing."""
        writer = self._new_writer()
        self.ids = Ids(writer)
        self.ring.clear(self._accounts.values())
        self.channels.clear(writer=writer)
        self._begin()
        if self._thread is not None:
            self._thread = self._thread.another()

    async def on_own_loop(self, task: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run ``task`` on the pipeline's loop, and wait for it on the caller's."""
        loop = self._host()
        assert loop is not None  # a coroutine runs on one
        driver = self._driver
        if driver is not None and self._lives_elsewhere(loop):
            loop = driver.loop
        else:
            self._bind(loop)
        if loop is asyncio.get_running_loop():
            return await task()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(task(), loop))

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the pipeline lives on, as long as it runs."""
        driver = self._driver
        return driver.loop if driver is not None and driver.loop.is_running() else None

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
            left = max(0.0, deadline - self.clock.monotonic())
            wait = left if wait is None else min(wait, left)
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
            self.hooks.emit(HighWater(used=used))
        elif crossing is Crossing.LOW:
            self.hooks.emit(LowWater(used=used))

    # Flush and close --------------------------------------------------------------------------

    async def flush(self, timeout: float | None = None) -> Report:
        """Seal all, and wait until everything accepted before is final."""
        if self.closed:
            return await self.aclose()
        return await self.on_own_loop(lambda: self._flush(timeout))

    async def _flush(self, timeout: float | None) -> Report:
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(timeout):
                await self._settle_all()
        except TimeoutError:
            found = report(self, began)
            raise FlushTimeout(
                f"{found.in_memory} rows were not stored within {timeout} s", found
            ) from None
        return report(self, began)

    async def _settle_all(self) -> None:
        self.wake()
        await self._flushes.settle(self.ring.accepted)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, flush until the deadline, then give up what is left; idempotent."""
        if self._final is not None:
            return self._final
        return await self.on_own_loop(lambda: self._closed(timeout))

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
            try:
                async with asyncio.timeout(deadline):
                    await self._settle_all()
            except TimeoutError:
                pass
            await self.senders.stop()
        except asyncio.CancelledError:
            # Somebody cancels all tasks: the loop is about to end. Account for what is left now.
            self.senders.abandon()
        if self._driver is not None:
            self._driver.stop()
        self._give_up("closed")
        self._flushes.sealed(self.pump.calls_done)
        self._flushes.wake()
        try:
            async with asyncio.timeout(STORE_CLOSE_TIMEOUT):
                await self._store.aclose()
        except (Exception, asyncio.CancelledError):
            self.hooks.errors += 1
        self._final = report(self, began)
        if self._thread is not None:
            self._thread.stop()
        return self._final

    def _give_up(self, reason: str) -> None:
        """Account for every row that the deadline has left."""
        while self.pump.turn(self.clock.monotonic()):
            pass
        for channel in self.channels:
            self.pump.seal(channel)
            lane = channel.lane
            if lane.busy:
                self.senders.perform(channel, lane.on(Event.GIVE_UP, reason=reason))
