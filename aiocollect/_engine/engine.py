"""The engine: one ring, one pump, the senders, one store; it makes rows final and counts them.

Rows come in from any thread through ``offer``; everything else happens on one event loop: the one
it is started on, or the one of the first collect(), or, on a host of its own, a thread's. Where
that loop ends, the next one takes over what is left; a child process begins with nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from .._core.calls import Call
from .._core.commands import Finish, Note, Release
from .._core.gate import Gates
from .._core.ids import HOUR_US, Ids
from .._core.marks import Crossing, Marks
from .._core.ring import ACCEPTED, Ring
from .._core.settings import Settings
from .._core.switches import Switch
from .._core.unsettled import Unsettled
from .._delivery import receipts
from .._delivery.backing import Backing
from .._delivery.backlog import Backlog
from .._delivery.backpressure import Backpressure
from .._delivery.channel import Channel
from .._delivery.channels import Channels
from .._delivery.counters import Counters, Refusals
from .._delivery.dead_letters import DeadLetters
from .._delivery.flushes import Flushes
from .._delivery.polling import Polling
from .._delivery.pump import Pump
from .._delivery.senders import Senders
from .._delivery.shedder import Shedder
from .._hooks.hooks import Hooks
from .._spool.disk import Disk
from .._threads.side_thread import Aside
from ..errors import PipelineClosed
from ..events import DeadLettered, HighWater, LowWater, RateChanged, StreamsForgotten
from ..typing import Clock, Hook, Store
from . import exits
from .fork import watch_forks
from .lifecycle import Lifecycle
from .lifespans import Lifespans
from .loop_binding import LoopBinding
from .loop_thread import LoopThread
from .settings_watcher import SettingsWatcher
from .sources import Sources

__all__ = ["Engine"]


class Engine:
    """What a pipeline runs on. ``chance`` gives numbers in [0, 1), ``new_writer`` writer ids.

    ``target``: which store it is, for the spool. ``thread``: the loop to live on, instead of the
    caller's.
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
        disk: Disk | None,
        target: str,
        aside: Aside,
        thread: LoopThread | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.hooks = Hooks(hooks)
        self.closed = False
        self.lifespans = Lifespans(self)
        self.inspect: Callable[[], None] = lambda: None  # the store, at the start: see assembly
        self._target = target
        self._store = store
        self._disk = disk
        self.aside = aside
        self._chance = chance
        self._new_writer = new_writer
        self.binding = LoopBinding(thread, turn=self._turn, arrive=self._arrive)
        self.dead_letters = DeadLetters(settings.dead_letters, aside=aside, emit=self.hooks.emit)
        self.gates = Gates(
            Switch(settings.enabled, settings.sample_rate),
            under_pressure=settings.pressure_sample_rate,
            tell=lambda stream, rate: self.hooks.emit(RateChanged(stream=stream, rate=rate)),
        )
        self.settings_watcher: SettingsWatcher | None = None
        if settings.settings_file is not None:
            file = settings.settings_file
            self.settings_watcher = SettingsWatcher(
                file, aside=aside, gates=self.gates, emit=self.hooks.emit
            )
        self.ring = Ring(settings.limits.ring_slots, budget=settings.max_memory_bytes)
        ring = self.ring
        self.way = (self, ring, ring._slots, ring._mask, clock.time_ns)  # for _engine/fast_path.py
        writer = new_writer()
        self.ids = Ids(writer, window=self.ring.window)
        self.channels = Channels(
            settings,
            writer=writer,
            release=lambda channel: self.sources.forgotten(channel),
            churn=lambda forgotten: self.hooks.emit(StreamsForgotten(streams=forgotten)),
        )
        self.sources = Sources(
            self.channels.streams,
            ring=self.ring,
            gates=self.gates,
            share=settings.share,
            path_cost=settings.path_cost,
        )
        self._begin(writer)
        watch_forks(self)

    def _begin(self, writer: str) -> None:
        """Everything that belongs to one process and its rows."""
        self.asleep = True  # the pump waits for a wake; see wake()
        self.held: dict[Channel, None] = {}  # whose rows do not move
        self._shedding = False
        self.unsettled = Unsettled()
        self.marks = Marks(self.settings.max_memory_bytes)
        self.counters = Counters()
        self.refusals = Refusals()
        self.backing = None if self.settings.spool is None else self._make_backing(writer)
        self.spool = None if self.backing is None else self.backing.spool
        self.pump = Pump(
            self.ring,
            unsettled=self.unsettled,
            channel_of=self.channels.channel_of,
            submit=lambda channel, batch: self.backlog.submit(channel, batch),
            note=self._note,
            keep=None if self.backing is None else self.backing.keep,
            slice_rows=self.binding.slice_rows,
            opened=lambda channel, account: self.sources.opened(
                channel, account, paths=len(self.channels)
            ),
            began=lambda born, channel: self._shedder.began(born, channel),
        )
        self.senders = self._make_senders()
        self.backlog = Backlog(
            self.channels,
            self.ring,
            unsettled=self.unsettled,
            low=self.marks.low,
            max_batch=self.settings.max_batch_bytes,
            # Beside what the budget allows: a quarter more in all.
            reserve=self.settings.max_memory_bytes // 8,
            perform=lambda channel, commands: self.senders.perform(channel, commands),
            note=self._note,
        )
        self._shedder = Shedder(
            sheds=self.settings.when_full == "shed_oldest",
            delivery_timeout=self.settings.delivery_timeout,
            cut=self.pump.cut,
            perform=lambda channel, commands: self.senders.perform(channel, commands),
            drop_waiting=lambda channel, item, reason: self.backlog.drop(
                channel, item, reason=reason
            ),
        )
        linger = 0.0 if self.spool is not None else self.settings.linger
        self._polling = Polling(self.settings.limits.ring_slots, linger=linger)
        self.backpressure = Backpressure(self.offer)
        self.flushes = Flushes(self.unsettled)
        self.lifecycle = Lifecycle(self, self._store)

    def _make_senders(self) -> Senders:
        return Senders(
            self._store,
            settings=self.settings,
            chance=self._chance,
            note=self._note,
            rested=self._rested,
            held=self.held,
        )

    def _make_backing(self, writer: str) -> Backing:
        return Backing(
            self._disk,
            target=self._target,
            writer=writer,
            settings=self.settings,
            chance=self._chance,
            clock=self.clock,
            engine=self,
        )

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self.binding.loop else "not started"
        return f"<Engine {state}, {self.ring!r}, {self.senders!r}>"

    # Accepting, from any thread ---------------------------------------------------------------

    def offer(self, call: Call) -> int:
        """Put a call into the ring, or say why not (see ring.py); wake the pump if it sleeps."""
        hour, far = call[2], False
        for part in call[3]:
            far = far or part[0].seen != hour
        if far:
            call = self.sources.priced(call)
        verdict = self.ring.put(call, call[4], call[5], call[6])
        if far and verdict == ACCEPTED:
            self.sources.accepted(call)
        if self.asleep:
            self.wake()
        return verdict

    def wake(self) -> None:
        """Let the pump look at the ring. From any thread, and from signal handlers."""
        self.asleep = False
        exits.hold(self.lifecycle)
        woken = False
        try:
            woken = self.binding.wake()
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
            raise PipelineClosed("the pipeline is closed; create a new one")
        self.binding.start()

    def _arrive(self, again: bool) -> None:
        """On a new loop. ``again``: go on with what another has left, whose tasks and timers never
        run again, and whose futures wake nobody."""
        if again:
            self.senders.abandon()
            self.senders = self._make_senders()
            self.backpressure.forget()
            self.flushes.forget()
            self.dead_letters.forget()
            if self.spool is not None:
                self.spool.restart()
            self.senders.resume(list(self.channels))
            self.backlog.restart()
        else:
            self.inspect()
        if self.settings_watcher is not None:
            self.settings_watcher.start()

    def begin_again(self) -> None:
        """After the end of a life: another one, in the same process. No row is under way."""
        writer = self._new_writer()
        self.gates.press(False)
        self.ids = Ids(writer, window=self.ring.window)
        self.channels.clear(writer=writer)
        self.binding = self.binding.another()
        self._begin(writer)
        self.closed = False
        self.sources.begin_again(budget=self.settings.max_memory_bytes)

    def begin_in_child(self) -> None:
        """After a fork: the rows, sockets and ids are the parent's; begin with nothing."""
        exits.let_go(self.lifecycle)
        self.lifespans.forget()
        writer = self._new_writer()
        self.aside.abandon()
        self.dead_letters.forget()
        if self.spool is not None:
            self.spool.abandon()
        self.ids = Ids(writer, window=self.ring.window)
        receipts.renew()
        self.hooks.renew()
        self.sources.begin_in_child()
        self.channels.clear(writer=writer)
        self.binding = self.binding.another()
        self._begin(writer)

    # A turn, on the loop ----------------------------------------------------------------------

    def _turn(self) -> float | None:
        """One slice of work; returns when the next one is wanted (see Driver)."""
        self.asleep = False
        more = self.pump.turn(self.clock.monotonic())
        again = self._after_turn()
        if more or again == 0.0 or (self.backing is not None and self.backing.go_on()):
            return 0.0
        wait = self._polling.next(self.pump.rows_taken)
        if wait is None:
            self.asleep = True
            if len(self.ring):  # put between the turn and the line above
                self.asleep = False
                return 0.0
        if again is not None:
            wait = _sooner(wait, again)
        deadline = self.pump.next_deadline()
        if deadline is not None:
            wait = _sooner(wait, deadline - self.clock.monotonic())
        look = self._shedder.expire(self.clock.monotonic())
        if look is not None and self.ring.used:
            wait = _sooner(wait, look)
        if self.backing is not None:
            wait = _sooner(wait, self.backing.look())
        return wait

    def _after_turn(self) -> float | None:
        """What a turn leads to; in how many seconds there is more of it to do."""
        self.backpressure.grant()
        shedding = self._shedding  # since an earlier turn
        self._watch_marks()
        more = self.flushes.seal(self.pump)
        if shedding:
            self.shed()
        if more or self._shedding:
            return 0.0
        return self.channels.forget(
            self.clock.time_ns() // 1000 // HOUR_US,
            now=self.clock.monotonic(),
            pressed=self.marks.raised,
        )

    def adopted(self, channel: Channel) -> None:
        """Another life's channel, whose rows wait on the disk."""
        self.channels.adopt(channel)
        for item in channel.backlog:
            self._shedder.began(item.born, channel)

    async def durable(self) -> bool:
        """Return when all rows in the spool survive a power cut. False: its disk has failed."""
        return self.spool is not None and await self.binding.run(self.spool.durable)

    # Becoming final ---------------------------------------------------------------------------

    def _rested(self, channel: Channel) -> None:
        # Behind a backlog they may as well go on coalescing, or be let go of.
        if channel.due and not channel.backlog:
            self.pump.seal(channel)
        self.backlog.next(channel)

    def _note(self, ends: list[Finish | Release | Note], channel: Channel | None = None) -> None:
        """The one place where rows become final. Counted first, told then: a hook that looks at
        the counters finds the equation true."""
        released = False
        for end in ends:
            if isinstance(end, Finish):
                self.counters.finish(end.outcome, end.rows, end.reason)
                if channel is not None:
                    self.channels.totals.ended += end.rows
                    channel.finish(end.first, end.rows, end.outcome)
                if isinstance(end.notice, DeadLettered):
                    self.dead_letters.write(
                        end.notice.path, rows=end.rows, reason=end.reason, content=end.content
                    )
            elif isinstance(end, Release):
                released = True
                self.unsettled.remove(end.batch.serial)
                self.backlog.released(end.batch.serial)
                for account, charged in end.batch.charges:
                    self.ring.charge(-charged, account)
        if released:
            self.backpressure.grant()
            self._watch_marks()
            self.flushes.wake()
            if self.asleep and self.marks.raised and channel is not None and channel.idle:
                self.wake()  # it may be let go of
            if self.spool is not None and self.spool.adopted:
                if channel is not None:
                    self.channels.forget_adopted(channel)
                self.spool.tidy()
        for end in ends:
            if not isinstance(end, Release):
                self.hooks.emit(end.notice)

    def _watch_marks(self) -> None:
        used = self.ring.used
        crossing = self.marks.update(used)
        if crossing is Crossing.HIGH:
            self.gates.press(True)
            self.hooks.emit(HighWater(used=used))
            if self.backing is None:
                self.shed()
            elif self.backing.make_room():
                self.wake()  # in slices
        elif crossing is Crossing.LOW:
            self.gates.press(False)
            self.hooks.emit(LowWater(used=used))

    def shed(self) -> None:
        """Give up the oldest rows that were not sent yet, where that is asked for; in slices."""
        self._shedding = self._shedder.make_room(lambda: self.ring.used <= self.marks.low)
        if self._shedding and self.asleep:
            self.wake()


def _sooner(wait: float | None, other: float) -> float:
    return max(0.0, other if wait is None else min(wait, other))
