"""The senders: carry the lanes' requests to the store, many blobs at once, one request a blob.

This is the only module that calls the store. ``max_in_flight`` requests run at a time; turns.py
decides which is next. A request older than ``retry.overdue`` gives its place back, and its path is
late from then on: until an answer comes in time again, its requests run in other places, four times
as many, so that blobs that hang cannot delay the others, however many hang. If those places are all
taken too, the request that has hung longest is ended: its outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypedDict

from .._core.commands import (
    Answer,
    Append,
    Command,
    Create,
    Finish,
    LaneEvent,
    Note,
    Open,
    Release,
    Request,
    Wait,
    classify,
)
from .._core.settings import Settings
from .._threads.loops import keep, running_loop
from ..errors import OutcomeUnknown, StoreError
from ..stats import Latencies
from ..typing import Store
from .answers import ANSWERS, fits
from .append_times import AppendTimes
from .channel import Channel, Standing
from .closing import Closing
from .settling import Settling
from .turns import Turn, Turns

__all__ = ["Senders"]

# Late requests have four times the places of the others: a connection each, so not more.
LATE_FACTOR = 4
# The longest wait while the pipeline closes: the deadline is near.
HURRIED_WAIT = 0.25
# How long a store can take to notice that its requests were cancelled, in seconds.
STOP_TIMEOUT = 1.0

# After these a lane begins again; after all others it goes on with the block that it has begun.
_BEGINNINGS = frozenset({LaneEvent.APPENDED, LaneEvent.TIMER, LaneEvent.UNKNOWN, LaneEvent.REFUSED})
# These end a program or a coroutine, and must be raised again.
_EXITS: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


def _now() -> float | None:
    """The time of the running loop; None if it has ended."""
    with suppress(RuntimeError):
        return asyncio.get_running_loop().time()
    return None


def _end(task: asyncio.Task[None]) -> None:
    """End a task whose loop is closed: nobody shall be told later that it was never awaited, or
    that it was destroyed while pending. No public way ends the task itself."""
    if (coroutine := task.get_coro()) is not None:
        with suppress(Exception):  # a store's own cleaning up can need the loop
            coroutine.close()
    keep(task)


class RequestCounts(TypedDict):
    """See Stats, which has fields of these names."""

    in_flight: int
    appends: int
    appended_bytes: int
    append_latency: Latencies
    mismatches: int
    unknown: int


class Senders:
    """Performs the commands of all lanes, on one event loop. Channels whose rows wait for an
    operator are added to ``held``."""

    def __init__(
        self,
        store: Store,
        *,
        settings: Settings,
        chance: Callable[[], float],
        settling: Settling,
        closing: Closing,
        held: dict[Channel, None],
    ) -> None:
        self._held = held
        self._store = store
        self._chance = chance
        self._settling = settling
        self._closing = closing
        self._places = settings.max_in_flight
        self._retry = settings.retry
        self._turns = Turns()
        self._waits: dict[Channel, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Those of them that are late, in the order in which they became late.
        self._late: dict[asyncio.Task[None], None] = {}
        self._cut: set[asyncio.Task[None]] = set()  # cancelled by us; a store may notice later
        self._given: dict[asyncio.Task[None], Turn] = {}  # requests of tasks that have not run yet
        self._taking = 0  # workers that are about to take their next request
        self._carried: dict[asyncio.Task[None], Channel] = {}  # tasks whose request is at the store
        self._abandoned = False  # its loop has ended, or everything is about to be accounted for
        self.in_flight = 0
        self.appends = 0
        self.appended_bytes = 0
        self._append_times = AppendTimes()
        self.mismatches = 0
        self.unknown = 0

    def __repr__(self) -> str:
        return f"<Senders {self.in_flight} in flight, {self._turns!r}>"

    # What the pump and the engine tell -------------------------------------------------------

    def perform(self, channel: Channel, commands: list[Command], *, goes_on: bool = False) -> None:
        """Perform a lane's commands. ``goes_on``: the lane has begun a block, and was answered."""
        ends = [c for c in commands if isinstance(c, Finish | Release | Note)]
        if ends:
            self._settling.settle(ends, channel)
        for command in commands:
            if isinstance(command, Finish | Release | Note):
                continue
            if isinstance(command, Wait):
                self._wait(channel, command.seconds)
            elif isinstance(command, Append):
                # Not in a place: waiting for the disk must not delay requests to the store.
                channel.intend(partial(self._make_ready, channel, command, goes_on))
            else:
                self._turns.add(channel, command, goes_on=goes_on)
        self._fill()

    def _make_ready(self, channel: Channel, request: Request, goes_on: bool) -> None:
        if not self._abandoned:
            self._turns.add(channel, request, goes_on=goes_on)
            self._fill()

    def resume(self, channels: list[Channel]) -> None:
        """Go on with lanes that another loop has left: the outcome of its requests is unknown."""
        for channel in channels:
            if channel.lane.waiting:
                self._tell(channel, LaneEvent.TIMER)
            elif channel.lane.busy:
                self._tell(channel, LaneEvent.UNKNOWN)

    def hurry(self) -> None:
        """The pipeline closes: make no wait longer than a quarter of a second."""
        for channel, timer in list(self._waits.items()):
            timer.cancel()
            self._wait(channel, HURRIED_WAIT)

    async def stop(self) -> None:
        """End all requests and waits within a second, whatever the store does.

        Requests at the store stay in doubt; what was not sent yet stays with its lane.
        """
        self.abandon()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT)

    def abandon(self) -> None:
        """Perform nothing more. Also works when the loop has ended, so nothing can be cancelled."""
        self._abandoned = True
        self._turns.clear()
        for timer in self._waits.values():
            timer.cancel()
        self._waits.clear()
        for channel in list(self._carried.values()):
            # An interrupt can come between a lane's answer and the end of its request.
            if channel.lane.busy and not channel.lane.waiting:
                self._tell(channel, LaneEvent.UNKNOWN)
        for task in list(self._tasks):
            if task.get_loop().is_closed():  # it never goes on
                task.remove_done_callback(self._ended)
                _end(task)

    # Places -----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Start workers while there are places, and requests that no worker is about to take."""
        while not self._abandoned and self._turns.prompt > self._taking:
            turn = None
            if len(self._tasks) - len(self._late) - len(self._cut) < self._places:
                turn = self._turns.take()
            if turn is None:
                break
            self._start(turn, self._work)
        while not self._abandoned and len(self._late) < LATE_FACTOR * self._places:
            turn = self._turns.take_late()
            if turn is None:
                return
            self._late[self._start(turn, self._work_late)] = None

    def _start(
        self, turn: Turn, work: Callable[[Turn], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        # Not by the loop's task factory: an eager one (asyncio.eager_task_factory) would run the
        # task here, inside of our own step, and a custom one can do anything.
        task = asyncio.Task(work(turn), loop=asyncio.get_running_loop())
        # The loop references tasks weakly; without our reference one could vanish half-way.
        self._tasks.add(task)
        self._given[task] = turn
        # A callback, since a task that is cancelled before its first step runs no code.
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._late.pop(task, None)
        self._cut.discard(task)
        turn = self._given.pop(task, None)
        if turn is not None:  # cancelled by other code before it ran
            self._turns.add(*turn, goes_on=True)
        if not task.cancelled():
            error = task.exception()
            # The loop has raised interrupts already; an exit raised by the store is an answer.
            if error is not None and not isinstance(error, _EXITS):
                raise error  # our own bug: let the loop's exception handler report it
        self._fill()

    async def _work(self, turn: Turn) -> None:
        """Carry requests one after the other while some wait, until one is late."""
        task = asyncio.current_task()
        assert task is not None
        del self._given[task]
        following: Turn | None = turn
        while following is not None:
            channel, request = following
            event, answer = await self._carry(task, channel, request)
            if self._abandoned:
                return  # the lane knows that it is in doubt
            self._count(event, request)
            if task in self._late or task in self._cut:  # another task has its place
                self._tell(channel, event, answer)
                return
            if event is not LaneEvent.UNKNOWN:
                channel.standing = Standing.PROVEN
            self._taking += 1
            try:
                self._tell(channel, event, answer)
            finally:
                self._taking -= 1
            following = self._turns.take()

    async def _work_late(self, turn: Turn) -> None:
        """Carry one request of a path that was late."""
        task = asyncio.current_task()
        assert task is not None
        del self._given[task]
        channel, request = turn
        clock = asyncio.get_running_loop().time
        began = clock()
        event, answer = await self._carry(task, channel, request)
        if self._abandoned:
            return
        self._count(event, request)
        if clock() - began < self._retry.overdue:
            channel.standing = Standing.NEW if event is LaneEvent.UNKNOWN else Standing.PROVEN
        self._tell(channel, event, answer)

    async def _carry(
        self, task: asyncio.Task[None], channel: Channel, request: Request
    ) -> tuple[LaneEvent, Answer]:
        overdue = asyncio.get_running_loop().call_later(self._retry.overdue, self._lend, task)
        self._carried[task] = channel
        try:
            return await self._call(channel, request)
        except (asyncio.CancelledError, *_EXITS):
            # Other code cancels all tasks, an interrupt comes, or the store raises an exit: the
            # lane must not wait for this answer for ever. If there is no loop, it has ended, and
            # its coroutines are being closed by the garbage collector.
            if not self._abandoned and running_loop() is not None:
                self._tell(channel, LaneEvent.UNKNOWN)
            raise
        finally:
            del self._carried[task]
            overdue.cancel()

    def _lend(self, task: asyncio.Task[None]) -> None:
        """A request is overdue: give its place to another one."""
        channel = self._carried.get(task)
        if channel is None:
            return
        channel.standing = Standing.LATE
        if task in self._late:
            return
        if len(self._late) >= LATE_FACTOR * self._places:
            longest = next((one for one in self._late if one in self._carried), None)
            if longest is not None:
                del self._late[longest]
                self._cut.add(longest)
                longest.cancel()
        self._late[task] = None
        self._fill()

    async def _call(self, channel: Channel, request: Request) -> tuple[LaneEvent, Answer]:
        """The one door to the store: every outcome of a request becomes an event."""
        self.in_flight += 1
        try:
            async with asyncio.timeout(self._retry.attempt_timeout):
                event, answer = await self._ask(channel, request)
            if not isinstance(answer, ANSWERS[event]):  # the store breaks its contract
                return LaneEvent.UNKNOWN, OutcomeUnknown(f"StoreReturned{type(answer).__name__}")
            if not fits(request, answer):
                return LaneEvent.UNKNOWN, OutcomeUnknown("OtherAnswer")
            return event, answer
        except StoreError as error:
            return classify(request, error), error
        except (asyncio.CancelledError, *_EXITS):
            raise
        except TimeoutError:
            return LaneEvent.UNKNOWN, None
        except BaseException as error:
            # A store can raise anything, also a BaseException (a panic of native code): the rows
            # may have landed or not. The text is left out, since it can hold anything.
            return LaneEvent.UNKNOWN, OutcomeUnknown(f"StoreRaised{type(error).__name__}")
        finally:
            self.in_flight -= 1

    async def _ask(self, channel: Channel, request: Request) -> tuple[LaneEvent, Any]:
        store = self._store
        match request:
            case Append():
                time = asyncio.get_running_loop().time
                began = time()
                appended = await store.append(
                    request.part, request.data, offset=request.offset, etag=request.etag
                )
                self._append_times.add(time() - began)
                return LaneEvent.APPENDED, appended
            case Open():
                return LaneEvent.OPENED, await store.open(request.part, head=request.head)
            case Create():
                created = await store.create(request.part, content_type=channel.content_type)
                return LaneEvent.CREATED, created
            case _:
                found = await store.read(request.part, offset=request.offset, length=request.length)
                return LaneEvent.RANGE, found

    def counts(self) -> RequestCounts:
        """The requests so far, on this loop."""
        return RequestCounts(
            in_flight=self.in_flight,
            appends=self.appends,
            appended_bytes=self.appended_bytes,
            append_latency=self._append_times.latencies,
            mismatches=self.mismatches,
            unknown=self.unknown,
        )

    def _count(self, event: LaneEvent, request: Request) -> None:
        if event is LaneEvent.APPENDED and isinstance(request, Append):
            self.appends += 1
            self.appended_bytes += len(request.data)
        elif event is LaneEvent.MISMATCH:
            self.mismatches += 1
        elif event is LaneEvent.UNKNOWN:
            self.unknown += 1

    # The lane's turn --------------------------------------------------------------------------

    def _tell(self, channel: Channel, event: LaneEvent, answer: Answer = None) -> None:
        commands = channel.lane.on(event, answer, chance=self._chance(), now=_now())
        self.perform(channel, commands, goes_on=event not in _BEGINNINGS)
        if channel.lane.held:
            self._held[channel] = None
        else:
            self._held.pop(channel, None)
        if not channel.lane.busy:
            self._settling.rested(channel)

    def rest(self, channel: Channel) -> None:
        """No batch waits for the channel's lane, which is idle: end its alarm."""
        self._tell(channel, LaneEvent.REST)

    def _wait(self, channel: Channel, seconds: float) -> None:
        if self._abandoned:
            return
        if self._closing.begun:
            seconds = min(seconds, HURRIED_WAIT)
        self._waits[channel] = asyncio.get_running_loop().call_later(seconds, self._ring, channel)

    def _ring(self, channel: Channel) -> None:
        del self._waits[channel]
        self._tell(channel, LaneEvent.TIMER)
