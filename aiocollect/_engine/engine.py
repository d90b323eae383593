"""The engine: one ring, one pump, the senders, one store; it makes rows final and counts them.

It lives on one event loop: the one it is started on, or the one of the first collect(). Rows come
in from any thread through ``offer``; everything else happens on that loop.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable

from .._core.accumulator import Batch
from .._core.commands import Event, Finish, Note, Release
from .._core.ids import Ids
from .._core.marks import Crossing, Marks
from .._core.ring import Account, LockedRing, Ring
from .._core.unsettled import Unsettled
from ..errors import ConfigError, FlushTimeout, PipelineClosed
from ..hooks import Hooks
from ..options import Settings
from ..records import Call, HighWater, LowWater, Report
from ..typing import Clock, Encoder, Hook, Layout, Store
from .channels import Channels
from .ledger import Ledger
from .pump import Pump
from .sender import Senders
from .stream import Channel, Stream
from .telling import report
from .waiters import Waiters

__all__ = ["Engine"]

# While there is load the pump looks at the ring this often, and nobody needs to wake it: 200 wakes
# a second instead of one per call. The linger is 400 times as long.
TICK = 0.005
# A store's connections and threads may take this long to end, in seconds; then they are left.
STORE_CLOSE_TIMEOUT = 5.0


# What a fork must end in the child: its rows, sockets and ids are the parent's.
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _end_in_child() -> None:
    for engine in list(_engines):
        engine.end("the pipeline was made before a fork; make it in the worker, after the fork")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_end_in_child)


class Engine:
    """What a pipeline runs on. ``chance`` gives numbers in [0, 1)."""

    def __init__(
        self,
        store: Store,
        *,
        encoder: Encoder,
        layout: Layout,
        settings: Settings,
        clock: Clock,
        chance: Callable[[], float],
        writer: str,
        hooks: tuple[Hook, ...],
        gil: bool = True,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.ids = Ids(writer)
        self.closed = False
        self.why_closed = "the pipeline is closed"
        self.asleep = True  # the pump waits for a wake; see wake()
        make = Ring if gil else LockedRing
        self.ring = make(settings.limits.ring_slots, budget=settings.max_memory_bytes)
        self.hooks = Hooks(hooks)
        self._store = store
        self.unsettled = Unsettled()
        self.marks = Marks(settings.max_memory_bytes)
        self._accounts: dict[tuple[Stream, ...], Account] = {}
        self.channels = Channels(settings, encoder=encoder, layout=layout, writer=writer)
        self.ledger = Ledger()
        self.pump = Pump(
            self.ring,
            encoder=encoder,
            unsettled=self.unsettled,
            channel_of=self.channels.channel_of,
            submit=self._submit,
            note=self._note,
        )
        self.senders = Senders(
            store,
            settings=settings,
            content_type=encoder.content_type,
            chance=chance,
            note=self._note,
            rested=self._rested,
        )
        self._waiters = Waiters(self.offer)
        self._barriers: list[tuple[int, asyncio.Future[int]]] = []
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[Report] | None = None
        _engines.add(self)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self._task else "not started"
        return f"<Engine {state}, {self.ring!r}, {self.senders!r}>"

    # Accepting, from any thread ---------------------------------------------------------------

    def account_of(self, streams: tuple[Stream, ...]) -> Account:
        """The share of the budget of one collector or model; the same one for the same streams."""
        account = self._accounts.get(streams)
        if account is None:
            account = self.ring.open_account(share=self.settings.share)
            self._accounts[streams] = account
        return account

    def end(self, why: str) -> None:
        """Accept nothing more, for a reason that the next call is told."""
        self.closed = True
        self.why_closed = why
        self.ring.close()

    def offer(self, call: Call) -> int:
        """Put a call into the ring, or say why not (see ring.py); wake the pump if it sleeps."""
        verdict = self.ring.put(call, call[4], call[5], call[6])
        if self.asleep:
            self.wake()
        return verdict

    def wake(self) -> None:
        """Let the pump look at the ring. From any thread, and from signal handlers."""
        self.asleep = False
        loop = self._loop
        if loop is None:
            self._start_if_on_loop()
            return
        try:
            loop.call_soon_threadsafe(self._wake_here)
        except RuntimeError:
            # The loop was closed under us. aclose() on another one gives up, and reports.
            self.asleep = True
            self.end("its event loop has ended; close it before, and make one per loop")

    # Life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bind to the running loop and start the pump; idempotent."""
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop:
            raise ConfigError("the pipeline runs on another event loop; make one pipeline per loop")
        if self.closed:
            raise PipelineClosed(f"{self.why_closed}; make a new one")
        self._loop = loop
        self._wake_here()

    def _wake_here(self) -> None:
        """On the loop: let the pump run, also where it has ended."""
        if self._task is None:
            if self.closed:
                return
            self._event = asyncio.Event()
            assert self._loop is not None
            self._task = self._loop.create_task(self._run(), name="aiocollect-pump")
            self._task.add_done_callback(self._pump_ended)
        assert self._event is not None
        self._event.set()

    def _pump_ended(self, task: asyncio.Task[None]) -> None:
        """Only close() ends the pump. A stranger may cancel it: the next call starts it again."""
        self._task = None
        self.asleep = True
        if not task.cancelled():
            task.result()  # our own bug: let the loop's exception handler say so

    def _start_if_on_loop(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.asleep = True  # no loop here: the rows wait for a start
        else:
            self.start()

    async def _run(self) -> None:
        event = self._event
        assert event is not None
        loop = asyncio.get_running_loop()
        while True:
            before = self.pump.rows_taken
            more = self.pump.turn(self.clock.monotonic())
            self._after_turn()
            if more:
                await asyncio.sleep(0)
                continue
            wait: float | None = None
            if self.pump.rows_taken != before:
                wait = TICK
            else:
                self.asleep = True
                if len(self.ring):  # put between the turn and the line above
                    self.asleep = False
                    continue
            deadline = self.pump.next_deadline()
            if deadline is not None:
                left = max(0.0, deadline - self.clock.monotonic())
                wait = left if wait is None else min(wait, left)
            timer = None if wait is None else loop.call_later(wait, event.set)
            await event.wait()
            event.clear()
            self.asleep = False
            if timer is not None:
                timer.cancel()

    def _after_turn(self) -> None:
        self._waiters.grant()
        self._watch_marks()
        if self._barriers:
            passed = [entry for entry in self._barriers if self.pump.calls_done >= entry[0]]
            if passed:
                for channel in self.channels:
                    self.pump.seal(channel)
                for entry in passed:
                    self._barriers.remove(entry)
                    if not entry[1].done():
                        entry[1].set_result(self.unsettled.serial)

    async def wait_for_room(self, call: Call) -> None:
        """Wait until the call is accepted. Only on the pipeline's loop."""
        if self._loop not in (None, asyncio.get_running_loop()):
            raise ConfigError(
                "acollect() from another event loop is not available yet; call collect(), or "
                "await acollect() on the pipeline's loop"
            )
        self.start()
        await self._waiters.accept(call)

    # Becoming final ---------------------------------------------------------------------------

    def _submit(self, channel: Channel, batch: Batch) -> None:
        self.senders.perform(channel, channel.lane.submit(batch))

    def _rested(self, channel: Channel) -> None:
        if channel.due:
            self.pump.seal(channel)

    def _note(self, command: Finish | Release | Note) -> None:
        """The one place where rows become final."""
        match command:
            case Finish():
                self.ledger.finish(command.outcome, command.rows, command.reason)
                self.hooks.emit(command.notice)
            case Release():
                self.unsettled.remove(command.batch)
                for account, charged in command.batch.charges:
                    self.ring.charge(-charged, account)
                self._waiters.grant()
                self._watch_marks()
                self._wake_flushes()
            case Note():
                self.hooks.emit(command.notice)

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
        began = self.clock.monotonic()
        if self.closed:
            return await self.aclose()
        self.start()
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
        loop = asyncio.get_running_loop()
        sealed: asyncio.Future[int] = loop.create_future()
        self._barriers.append((self.ring.accepted, sealed))
        self.wake()
        serial = await sealed
        if not self.unsettled.settled(serial):
            settled: asyncio.Future[None] = loop.create_future()
            self._flushes.append((serial, settled))
            await settled

    def _wake_flushes(self) -> None:
        for entry in list(self._flushes):
            if self.unsettled.settled(entry[0]):
                self._flushes.remove(entry)
                if not entry[1].done():
                    entry[1].set_result(None)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, flush until the deadline, then give up what is left; idempotent."""
        if self._closing is None:
            if self._loop is not None and self._loop.is_closed():
                return self._abandon()
            if not self.closed:
                self.start()
            # In a task of its own, since hosts cancel their shutdown, and repeatedly.
            self._closing = asyncio.get_running_loop().create_task(self._close(timeout))
        return await asyncio.shield(self._closing)

    async def _close(self, timeout: float | None) -> Report:
        began = self.clock.monotonic()
        self.end("the pipeline is closed")
        self._waiters.close()
        self.senders.hurry()
        deadline = self.settings.close_timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(deadline):
                await self._settle_all()
        except TimeoutError:
            pass
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self.senders.stop()
        self._give_up("closed")
        self._after_turn()
        try:
            async with asyncio.timeout(STORE_CLOSE_TIMEOUT):
                await self._store.aclose()
        except Exception:
            self.hooks.errors += 1
        return report(self, began)

    def _abandon(self) -> Report:
        """Account for what a loop that was closed too early has left behind."""
        began = self.clock.monotonic()
        self.end("its event loop has ended")
        self.senders.abandon()
        self._give_up("loop_closed")
        return report(self, began)

    def _give_up(self, reason: str) -> None:
        """Account for every row that the deadline has left."""
        while self.pump.turn(self.clock.monotonic()):
            pass
        for channel in self.channels:
            self.pump.seal(channel)
            lane = channel.lane
            if lane.busy:
                self.senders.perform(channel, lane.on(Event.GIVE_UP, reason=reason))
