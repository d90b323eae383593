"""The senders: carry the lanes' requests to the store, many blobs at once, one request a blob.

This is the only place that calls the store. A place is held from a request's start to its answer;
``max_in_flight`` requests run at a time. A request older than ``retry.overdue`` gives its place
back, so that blobs that hang cannot hold up the others; such requests are bounded too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from .._core.commands import (
    Answer,
    Append,
    Command,
    Create,
    Event,
    Finish,
    Note,
    Open,
    Release,
    Request,
    Wait,
    classify,
)
from ..errors import StoreError
from ..options import Settings
from ..typing import Appended, Opened, Range, Store
from .stream import Channel

__all__ = ["Senders"]

# Requests that hang may take four times the places that answering ones have, and no more.
LENT_FACTOR = 4
# Waits while the pipeline closes: the deadline is near, and the store may be back any moment.
HURRIED_WAIT = 0.25
# How long a store may take to notice that its requests were cancelled.
STOP_TIMEOUT = 1.0


_ANSWERS: dict[Event, type[Any]] = {
    Event.APPENDED: Appended,
    Event.OPENED: Opened,
    Event.CREATED: bool,
    Event.RANGE: Range,
}


class Senders:
    """Performs the commands of all lanes. ``note`` is called with what is to be noted."""

    def __init__(
        self,
        store: Store,
        *,
        settings: Settings,
        chance: Callable[[], float],
        note: Callable[[list[Finish | Release | Note], Channel], None],
        rested: Callable[[Channel], None],
    ) -> None:
        self._store = store
        self._chance = chance
        self._note = note
        self._rested = rested
        self._places = settings.max_in_flight
        self._retry = settings.retry
        self._ready: deque[tuple[Channel, Request]] = deque()
        self._waits: dict[Channel, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lent: set[asyncio.Task[None]] = set()  # of these, whose place another has
        self._free: set[asyncio.Task[None]] = set()  # about to take a ready request
        self._carried: dict[asyncio.Task[None], Channel] = {}  # whose request is at the store
        self._hurried = False
        self._stopped = False
        self.in_flight = 0
        self.appends = 0
        self.appended_bytes = 0
        self.mismatches = 0
        self.unknown = 0

    def __repr__(self) -> str:
        return f"<Senders {self.in_flight} in flight, {len(self._ready)} ready>"

    # What the pump and the engine tell -------------------------------------------------------

    def perform(self, channel: Channel, commands: list[Command]) -> None:
        """Do what a lane has asked for."""
        ends = [c for c in commands if isinstance(c, Finish | Release | Note)]
        if ends:
            self._note(ends, channel)
        for command in commands:
            if isinstance(command, Finish | Release | Note):
                continue
            if isinstance(command, Wait):
                self._wait(channel, command.seconds)
            else:
                self._ready.append((channel, command))
        self._fill()

    def resume(self, channels: list[Channel]) -> None:
        """Go on with lanes that another loop has left: what was asked there has no known end."""
        for channel in channels:
            if channel.lane.waiting:
                self._tell(channel, Event.TIMER)
            elif channel.lane.busy:
                self._tell(channel, Event.UNKNOWN)

    def hurry(self) -> None:
        """The pipeline closes: no wait is longer than a quarter of a second from now on."""
        self._hurried = True
        for channel, timer in list(self._waits.items()):
            timer.cancel()
            self._wait(channel, HURRIED_WAIT)

    async def stop(self) -> None:
        """End all requests and waits, within a second, whatever the store does.

        What was at the store stays in doubt; what was not sent yet stays with its lane.
        """
        self.abandon()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT)

    def abandon(self) -> None:
        """Perform nothing more; also where the loop is gone, and nothing can be cancelled."""
        self._stopped = True
        self._ready.clear()
        for timer in self._waits.values():
            timer.cancel()
        self._waits.clear()
        for channel in self._carried.values():
            # An interrupt may have struck between a lane's answer and the end of its request.
            if channel.lane.busy and not channel.lane.waiting:
                self._tell(channel, Event.UNKNOWN)

    # One place --------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Start tasks while there are requests that nobody is about to take, and places."""
        while len(self._ready) > len(self._free) and not self._stopped:
            if len(self._tasks) - len(self._lent) >= self._places:
                return
            task = asyncio.get_running_loop().create_task(self._work())
            # The loop keeps no strong reference to a task; without one it may vanish half-way.
            self._tasks.add(task)
            self._free.add(task)
            # Not at the end of _work(): a task that is cancelled before its first step has no end.
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._lent.discard(task)
        self._free.discard(task)
        if not task.cancelled():
            task.result()  # nothing but our own bugs: let the loop's exception handler say so
        self._fill()

    async def _work(self) -> None:
        """Carry requests, one after the other, as long as any is ready."""
        task = asyncio.current_task()
        assert task is not None
        while True:
            self._free.discard(task)
            if not self._ready or self._stopped:
                return
            channel, request = self._ready.popleft()
            event, answer = await self._carry(task, channel, request)
            if self._stopped:
                return  # the lane was told that it is in doubt
            self._count(event, request)
            if task in self._lent:  # its place was given to another
                self._tell(channel, event, answer)
                return
            self._free.add(task)
            self._tell(channel, event, answer)

    async def _carry(
        self, task: asyncio.Task[None], channel: Channel, request: Request
    ) -> tuple[Event, Answer]:
        overdue = asyncio.get_running_loop().call_later(self._retry.overdue, self._lend, task)
        self._carried[task] = channel
        try:
            if type(request) is Append:
                await channel.intend()
            return await self._call(channel, request)
        except asyncio.CancelledError:
            # A stranger cancels all tasks: the lane must not wait for this answer for ever.
            if not self._stopped:
                self._tell(channel, Event.UNKNOWN)
            raise
        finally:
            del self._carried[task]
            overdue.cancel()

    def _lend(self, task: asyncio.Task[None]) -> None:
        if len(self._lent) < LENT_FACTOR * self._places:
            self._lent.add(task)
            self._fill()

    async def _call(self, channel: Channel, request: Request) -> tuple[Event, Answer]:
        """The one door to the store: every end of a request becomes an event."""
        self.in_flight += 1
        try:
            async with asyncio.timeout(self._retry.attempt_timeout):
                event, answer = await self._ask(channel, request)
            if not isinstance(answer, _ANSWERS[event]):  # a store that breaks its contract
                return Event.UNKNOWN, None
            return event, answer
        except StoreError as error:
            return classify(request, error), error
        except TimeoutError:
            return Event.UNKNOWN, None
        except Exception:
            # Its rows must not pay for it.
            return Event.UNKNOWN, None
        finally:
            self.in_flight -= 1

    async def _ask(self, channel: Channel, request: Request) -> tuple[Event, Any]:
        store = self._store
        match request:
            case Append():
                appended = await store.append(
                    request.part, request.data, offset=request.offset, etag=request.etag
                )
                return Event.APPENDED, appended
            case Open():
                return Event.OPENED, await store.open(request.part, head=request.head)
            case Create():
                created = await store.create(request.part, content_type=channel.content_type)
                return Event.CREATED, created
            case _:
                found = await store.read(request.part, offset=request.offset, length=request.length)
                return Event.RANGE, found

    def _count(self, event: Event, request: Request) -> None:
        if event is Event.APPENDED and isinstance(request, Append):
            self.appends += 1
            self.appended_bytes += len(request.data)
        elif event is Event.MISMATCH:
            self.mismatches += 1
        elif event is Event.UNKNOWN:
            self.unknown += 1

    # The lane's turn --------------------------------------------------------------------------

    def _tell(self, channel: Channel, event: Event, answer: Answer = None) -> None:
        self.perform(channel, channel.lane.on(event, answer, chance=self._chance()))
        if not channel.lane.busy:
            self._rested(channel)

    def _wait(self, channel: Channel, seconds: float) -> None:
        if self._stopped:
            return
        if self._hurried:
            seconds = min(seconds, HURRIED_WAIT)
        self._waits[channel] = asyncio.get_running_loop().call_later(seconds, self._ring, channel)

    def _ring(self, channel: Channel) -> None:
        del self._waits[channel]
        self._tell(channel, Event.TIMER)
