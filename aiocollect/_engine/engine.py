"""The engine: what lives as long as the pipeline. It accepts calls, and has its loop take turns.

Calls come in from any thread through ``offer``, into the ring; everything else happens on one event
loop: the one it is started on, or the one of the first collect(), or a thread's of its own. There
the ``delivery`` takes them from the ring until they are final. Where that loop ends, the next one
goes on with what is left; a child process begins with nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .._core.calls import Call
from .._core.gate import Gates
from .._core.ring import ACCEPTED, Account
from .._core.rings import new_ids, new_ring
from .._core.settings import Settings
from .._core.switches import Switch
from .._delivery import receipts
from .._delivery.channels import Channels
from .._delivery.counters import Refusals
from .._delivery.dead_letters import DeadLetters
from .._delivery.delivery import Delivery
from .._delivery.lasting import Lasting
from .._delivery.path_prices import PathPrices
from .._hooks.hooks import Hooks
from .._hooks.recent import RecentHook
from .._spool.disk import Disk
from .._threads.side_thread import Aside
from ..errors import PipelineClosed
from ..typing import Clock, Hook, Store
from . import exits
from .clock import SystemClock
from .loop_binding import LoopBinding
from .loop_thread import LoopThread
from .settings_watcher import SettingsWatcher
from .sources import Sources

__all__ = ["Engine"]


class Inspected(Protocol):
    """A store that can report on how it was set up."""

    def inspect(self, hook: Hook) -> None:
        """Report to the hook, without a request."""


class Shown(Protocol):
    """What shows this process from outside: see status_file.py, which knows the engine."""

    def start(self) -> None:
        """On each new loop."""

    async def remove(self) -> None:
        """When the pipeline has closed."""

    def forget(self) -> None:
        """In a forked child."""


class Engine:
    """The long-lived half of a pipeline; ``delivery`` is the other one.

    ``chance`` gives numbers in [0, 1), ``new_writer`` writer ids. ``target`` names the store, for
    the spool. ``thread`` runs the loop, instead of the caller. ``inspected`` is the store, if it
    has something to report at the start.
    """

    lifespans: exits.Leaving  # they close it when the process ends, and set this
    status_file: Shown | None = None  # set by the assembly

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
        inspected: Inspected | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.recent = RecentHook(clock)
        self.hooks = Hooks((*hooks, self.recent))
        self.target = target
        self.aside = aside
        self._inspected = inspected
        self._new_writer = new_writer
        self.binding = LoopBinding(thread, self)
        self.dead_letters = DeadLetters(settings.dead_letters, aside=aside, hooks=self.hooks)
        self.gates = Gates(
            Switch(settings.enabled, settings.sample_rate),
            under_pressure=settings.pressure_sample_rate,
            hook=self.hooks.emit,
        )
        self.settings_watcher: SettingsWatcher | None = None
        if settings.settings_file is not None:
            self.settings_watcher = SettingsWatcher(
                settings.settings_file, aside=aside, gates=self.gates, hooks=self.hooks
            )
        self.ring = new_ring(
            settings.limits.ring_slots,
            budget=settings.max_memory_bytes,
            time_ns=None if type(clock) is SystemClock else clock.time_ns,
            wake=self.wake,
        )
        ring = self.ring
        writer = new_writer()
        self._prices = PathPrices(ring, path_cost=settings.path_cost)
        self.channels = Channels(settings, writer=writer, prices=self._prices, hooks=self.hooks)
        self.sources = Sources(
            self.channels.streams, ring=ring, gates=self.gates, share=settings.share
        )
        self._lasting = Lasting(
            settings,
            store,
            ring,
            self.channels,
            self.gates,
            self.hooks,
            self.dead_letters,
            clock,
            chance,
            disk,
            target,
        )
        self._begin(writer)

    def _begin(self, writer: str, *, closed: bool = False) -> None:
        """Create everything that belongs to one process and its rows."""
        self.began = self.clock.time_ns() / 1e9  # in seconds since 1970
        self.asleep = True  # the next turn comes after a wake()
        self.ids = new_ids(self.ring, writer)
        self.refusals = Refusals()
        self.delivery = Delivery(
            self,
            self._lasting,
            writer=writer,
            own_thread=self.binding.has_thread,
            closed=closed,
        )
        self.closing = self.delivery.closing

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self.binding.loop else "not started"
        return f"<Engine {state}, {self.ring!r}, {self.delivery.senders!r}>"

    @property
    def closed(self) -> bool:
        """Whether no call is accepted any more."""
        return self.closing.begun

    @property
    def asleep(self) -> bool:
        """Whether no turn comes before a wake."""
        return self.ring.asleep

    @asleep.setter
    def asleep(self, asleep: bool) -> None:
        self.ring.asleep = asleep

    # Accepting, from any thread ---------------------------------------------------------------

    def offer(self, call: Call) -> int:
        """Put a call into the ring. Returns ACCEPTED, or why not (see ring.py)."""
        _, _, hour, parts, rows, cost, account, _ = call
        for stream, *_ in parts:
            if stream.seen != hour:
                return self._offer_far(call)
        return self._put(call, rows, cost, account)

    def _offer_far(self, call: Call) -> int:
        """offer() of a call that may open a path."""
        call = self._prices.priced(call)
        _, _, _, _, rows, cost, account, _ = call
        verdict = self._put(call, rows, cost, account)
        if verdict == ACCEPTED:
            self._prices.accepted(call)
        return verdict

    def _put(self, call: Call, rows: int, cost: int, account: Account) -> int:
        ring = self.ring
        verdict = ring.put(call, rows, cost, account)
        if ring.asleep:
            self.wake()
        return verdict

    def wake(self) -> None:
        """Take a turn soon, to look at the ring. From any thread, also in signal handlers."""
        self.asleep = False
        exits.hold(self.lifespans)
        woken = False
        try:
            woken = self.binding.wake()
        finally:
            if not woken:
                self.asleep = True  # no loop runs here: the rows wait for one

    async def durable(self) -> bool:
        """Return when all rows in the spool survive a power cut. False: the disk has failed."""
        spool = self.delivery.spool
        return spool is not None and await self.binding.run(spool.durable)

    # On the loop ------------------------------------------------------------------------------

    def turn(self) -> float | None:
        """Do one slice of work; returns when to take the next turn (see TakesTurns)."""
        self.asleep = False
        return self.delivery.turn()

    def arrive(self, again: bool) -> None:
        """Called on each new loop. ``again``: another one has ended before."""
        if again:
            self.delivery.move_to_new_loop()
        elif self._inspected is not None:
            self._inspected.inspect(self.hooks.emit)
        if self.settings_watcher is not None:
            self.settings_watcher.start()
        if self.status_file is not None:
            self.status_file.start()

    # Starts and processes ---------------------------------------------------------------------

    def start(self) -> None:
        """Bind to the running loop, or to the pipeline's thread; idempotent."""
        if self.closed:
            raise PipelineClosed("the pipeline is closed; create a new one")
        self.binding.start()

    def begin_again(self) -> None:
        """Start again after a close, in the same process. No rows are left."""
        writer = self._new_writer()
        self.gates.press(False)
        self.channels.clear(writer=writer)
        self.binding = self.binding.another()
        self._begin(writer)
        self.sources.begin_again(budget=self.settings.max_memory_bytes)

    def begin_in_child(self) -> None:
        """Start empty after a fork: the rows, sockets and ids belong to the parent."""
        writer = self._new_writer()
        closed = self.closed
        self.aside.abandon()
        self.delivery.abandon()
        if self.status_file is not None:
            self.status_file.forget()
        receipts.renew()
        self.hooks.renew()
        self.sources.begin_in_child()
        self.channels.clear(writer=writer)
        self.binding = self.binding.another()
        self._begin(writer, closed=closed)
