"""A follower: hands out the rows of a stream as they land, each once, batch by batch.

At each poll it asks for the end of every live part, one ranged GET each, and lists the stream at
the same time; what the listing shows to be new or longer is asked for at once. Course decides what
is asked for and what an answer means. Memory is bounded: a few ranges are on their way, and nothing
is asked for while the consumer is busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Any, Final

from ..._public import publish
from ...errors import ConfigError, OutcomeUnknown, Refusal, StoreBusy, StoreError, StoreRefused
from ...typing import METADATA, Catalog, Clock, Listed, Range
from ..asked.notes import Notes, ReadNote
from ..asked.request import Request, request_of
from ..asked.when import FOREVER
from ..cells.pieces import piece_of
from ..cells.widening import Widening
from ..fetch.opening import Opener
from ..join.times import within
from ..log.declarations import lanes_of
from ..parts.places import PartPlace, Places
from ..parts.plan import Plan, PlannedPart
from ..planning.planner import PlacesOf, Planner, find_place, part_of, prefix_of
from .course import Ask, Chunk, Course
from .followed import FollowedRows, Following
from .position import Position
from .removed import CompactedDays

__all__ = ["Follower"]

ID, TIME, _ = METADATA

# Ranges that are on their way: 8 of at most 2 MiB.
AHEAD: Final = 8
# Seconds. An answer that takes longer is none; the same is asked for again at the next poll.
PATIENCE: Final = 30.0
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
# Polls that fail one after the other, for a follower that is to end.
TRIES: Final = 6
# A stream of at most so many blobs is listed as a whole at each poll; a larger one so often, in
# seconds, and at each poll only around the present.
WHOLE: Final = 500
WHOLE_EVERY: Final = 60.0
# Seconds. The types that were declared are asked for once a folder, and so often where the log does
# not tell of it yet; they are a help, and no row waits longer for them.
DECLARED_EVERY: Final = 60.0
DECLARED_LIMIT: Final = 5.0
# Microseconds around the present in which new folders are looked for.
AROUND: Final = 300_000_000
# Smaller pieces are parsed where they are: a thread would cost more.
INLINE: Final = 32 * 1024
_MISSING: Final = (Refusal.BLOB_MISSING, Refusal.CONTAINER_MISSING, Refusal.WRONG_TYPE)


class Follower:
    """What follow() returns: an async iterator of FollowedRows. It can be used as an async context
    manager, or closed by ``aclose()``; it closes by itself at the end of an ``async for``."""

    def __init__(
        self,
        following: Following,
        *,
        planner: Callable[[Request, Notes], Planner],
        places_of: PlacesOf,
        open_store: Opener,
        clock: Clock,
    ) -> None:
        self._following = following
        self._notes = Notes()
        request = request_of(
            following.model,
            version=following.version,
            stream=following.stream,
            columns=following.columns,
            told=following.told,
        )
        self._planner = planner(request, self._notes)
        self._places_of = places_of
        self._open_store = open_store
        self._clock = clock
        position = following.position
        self._widening = Widening(
            following.told, {} if position is None else position.looks, self._notes
        )
        self._compacted = CompactedDays(following)
        self._course = Course(
            self._notes,
            floor=following.floor if position is None else position.floor,
            marks=self._compacted.marks,
            from_now=following.from_now,
        )
        self._version = following.version
        if position is not None and position.of[1]:
            self._version = position.of[1]
        self._frozen = None if self._compacted.files else position
        self._places: Sequence[Places] = ()
        self._last_whole = float("-inf")
        self._is_small = True
        self._declared_in = -1  # the folder whose declared types are known, by its end
        self._next_look = float("-inf")
        self._looking: asyncio.Future[None]
        self._failed: StoreError | None = None
        self._rows = self._run()

    def __repr__(self) -> str:
        following = self._following
        name = "/".join(filter(None, (following.model, self._version, following.stream)))
        return f"<Follower of {name}, {len(self._course)} parts>"

    @property
    def position(self) -> str | None:
        """The position behind the last rows that were handed out; None before the parts were listed
        for the first time."""
        return None if self._frozen is None else self._frozen.text()

    @property
    def notes(self) -> tuple[ReadNote, ...]:
        """What was seen on the way: parts that were removed or made anew, rows left out, a store
        that does not answer."""
        return self._notes.all

    def __aiter__(self) -> AsyncIterator[FollowedRows]:
        return self

    async def __anext__(self) -> FollowedRows:
        return await anext(self._rows)

    async def __aenter__(self) -> Follower:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End; idempotent. The position stays."""
        await self._rows.aclose()

    # Polls --------------------------------------------------------------------------------------

    async def _run(self) -> AsyncGenerator[FollowedRows, None]:
        store = self._open_store()
        self._looking = asyncio.get_running_loop().create_future()
        self._looking.set_result(None)
        poll, fails, wait = self._following.poll, 0, FIRST_WAIT
        try:
            while True:
                began = self._clock.monotonic()
                self._failed = None
                progress = False
                async with aclosing(self._round(store)) as batches:
                    async for batch in batches:
                        progress = True
                        yield batch
                if self._failed is None:
                    fails, wait = 0, FIRST_WAIT
                    if poll is None and not progress:
                        return
                    pause = 0.0 if poll is None else began + poll - self._clock.monotonic()
                else:
                    fails += 1
                    if poll is None and fails >= TRIES:
                        raise self._failed
                    self._notes.add(
                        "unreachable", "", f"the store does not answer: {self._failed}; waiting"
                    )
                    wish = getattr(self._failed, "retry_after", None) or 0.0
                    pause = min(max(wait, wish, poll or 0.0), max(LONGEST_WAIT, poll or 0.0))
                    wait *= 2
                await asyncio.sleep(max(0.0, pause))
        finally:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            if self._open_store.owned:
                await store.aclose()

    async def _round(self, store: Catalog) -> AsyncGenerator[FollowedRows, None]:
        """One poll: what live parts have, and what a listing shows."""
        listing = asyncio.ensure_future(self._listed(store))
        try:
            async with aclosing(self._grown(store, grown_only=False)) as batches:
                async for batch in batches:
                    yield batch
            await listing
            async with aclosing(self._grown(store, grown_only=True)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            listing.cancel()
            await asyncio.gather(listing, return_exceptions=True)

    async def _grown(
        self, store: Catalog, *, grown_only: bool
    ) -> AsyncGenerator[FollowedRows, None]:
        """The rows behind what was read, of each part that is due."""
        now = self._clock.monotonic()
        time = self._clock.time_ns() // 1000
        wanted = iter(self._course.due(now=now, time=time, grown_only=grown_only))
        running: deque[tuple[Ask, asyncio.Future[Range | None]]] = deque()
        try:
            while True:
                while len(running) < AHEAD and (path := next(wanted, None)) is not None:
                    first = self._course.ask(path)
                    if first is not None:
                        started = asyncio.ensure_future(self._fetch(store, first))
                        running.append((first, started))
                if not running:
                    return
                ask, task = running.popleft()
                running.appendleft((ask, task))  # it is cancelled with the others
                found = await task
                running.popleft()
                # To where it was known to go: a part that grows all the time is not all.
                end = self._course.known(ask.path)
                while found is not None:
                    chunk = self._course.answered(ask, found, now=self._clock.monotonic())
                    if chunk is not None:
                        batch = await self._batch(chunk)
                        if batch is not None:
                            yield batch
                    following = self._course.following(ask, end)
                    if following is None:
                        break
                    ask = following
                    found = await self._fetch(store, ask)
        finally:
            left = [task for _, task in running]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    # Rows ---------------------------------------------------------------------------------------

    async def _batch(self, chunk: Chunk) -> FollowedRows | None:
        if len(chunk.rows) <= INLINE:
            table = self._table(chunk)
        else:
            table = await asyncio.to_thread(self._table, chunk)
        self._frozen = frozen = self._at_present()
        if not table.num_rows:
            return None
        (batch,) = table.combine_chunks().to_batches()
        return FollowedRows(batch, chunk.path, frozen)

    def _table(self, chunk: Chunk) -> Any:
        piece = piece_of(chunk.place.format, chunk.names, chunk.rows)
        table = self._widening.table(piece, chunk.path)
        if chunk.place.begin < self._course.floor and {ID, TIME} <= set(table.column_names):
            table = within(table, self._course.floor, FOREVER)
        columns = self._following.columns
        if columns is None:
            return table
        return table.select([name for name in columns if name in table.column_names])

    def _at_present(self) -> Position:
        following = self._following
        return Position(
            (following.model, self._version or "", following.stream),
            self._course.floor,
            self._widening.looks,
            dict(self._course.marks),
        )

    # The store ----------------------------------------------------------------------------------

    async def _fetch(self, store: Catalog, ask: Ask) -> Range | None:
        """A range; None where there is none, now or at all."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await store.fetch(ask.path, offset=ask.offset, length=ask.length)
        except TimeoutError:
            self._failed = OutcomeUnknown("ReadTimeout")
        except (OutcomeUnknown, StoreBusy) as error:
            self._failed = error
        except StoreRefused as refused:
            if refused.reason not in _MISSING:
                raise
            self._course.missing(ask.path, now=self._clock.monotonic())
        return None

    async def _listed(self, store: Catalog) -> None:
        """List, as far as it is due, and take what is found."""
        try:
            async with asyncio.timeout(PATIENCE):
                if not self._places and not await self._is_there(store):
                    self._course.listed((), whole=False, now=self._clock.monotonic())
                    return
                now = self._clock.monotonic()
                whole = self._is_small or now - self._last_whole >= WHOLE_EVERY
                time = self._clock.time_ns() // 1000
                span = (None, None) if whole else (time - AROUND, time + AROUND)
                listed = [one async for one in store.list(prefix_of(self._places, *span))]
                await self._compacted.learn(
                    store, self._version, self._places, listed, self._course
                )
        except TimeoutError:
            self._failed = OutcomeUnknown("ReadTimeout")
            return
        except (OutcomeUnknown, StoreBusy) as error:
            self._failed = error
            return
        except StoreRefused as refused:
            if refused.reason is not Refusal.CONTAINER_MISSING:
                raise
            whole, now, listed = True, self._clock.monotonic(), []
        if whole:
            self._last_whole, self._is_small = now, len(listed) <= WHOLE
        found: list[tuple[Listed, PartPlace]] = []
        for one in listed:
            place = find_place(self._places, one.path)
            if place is not None:
                found.append((one, place))
        self._course.listed(found, whole=whole, now=self._clock.monotonic())
        look = self._look(store, found)
        waits = self._following.poll is None or not (self._frozen or self._following.from_now)
        if look is not None and waits:
            await look  # what is there already has its types at once
        if self._frozen is None:
            self._frozen = self._at_present()
            await self._explain(store, is_empty=not found)

    def _look(
        self, store: Catalog, found: Sequence[tuple[Listed, PartPlace]]
    ) -> asyncio.Future[None] | None:
        """Begin to look for what the pipeline of the newest folder declared, where it is time."""
        newest = max((place.end for _, place in found), default=-1)
        now = self._clock.monotonic()
        if newest <= self._declared_in or now < self._next_look or not self._looking.done():
            return None
        self._next_look = now + DECLARED_EVERY
        parts = [
            part_of(self._following.stream, one, place)
            for one, place in found
            if place.end == newest
        ]
        self._looking = asyncio.ensure_future(self._declare(store, parts))
        return self._looking

    async def _declare(self, store: Catalog, parts: Sequence[PlannedPart]) -> None:
        stream = self._following.stream
        with suppress(TimeoutError, StoreError):
            async with asyncio.timeout(DECLARED_LIMIT):
                types = await lanes_of(store, Plan({stream: tuple(parts)}))
                if stream in types:
                    self._declared_in = parts[0].end
                    self._next_look = float("-inf")
                    self._widening.declare(stream, types[stream])

    async def _is_there(self, store: Catalog) -> bool:
        """Whether one knows which version is followed."""
        following = self._following
        if self._version is None:
            versions = await self._planner.versions(store)
            if not versions:
                await self._explain(store, is_empty=True)
                return False
            self._version = await self._planner.only_version(store)
        names = {"model": following.model, "version": self._version, "identifier": following.stream}
        self._places = self._places_of(names)
        return True

    async def _explain(self, store: Catalog, *, is_empty: bool) -> None:
        """Say that there is nothing yet, and what there is: the name may be a mistake."""
        if not is_empty:
            return
        error: Exception
        try:
            async with asyncio.timeout(PATIENCE):
                await self._planner.explain(store, self._version)
            return
        except (TimeoutError, OutcomeUnknown, StoreBusy):
            return  # it is no more than a help
        except ConfigError as unknown:
            error = unknown
        except StoreRefused as refused:
            if refused.reason is not Refusal.CONTAINER_MISSING:
                raise
            error = refused
        if self._following.poll is None:
            raise error
        self._notes.add("waiting", "", f"{error}; waiting for its first row")


publish("aiocollect.reading", Follower)
