"""The store as the data page sees it: whatever it has read of a blob it never asks for again.

A blob that is being written is read gently: while one is listed or read, some accounts refuse its
writers (409, those with a hierarchical namespace). So of each blob only the bytes that came since
are fetched, whoever asks for it: the rows, the join, the verdict. They are kept in a temporary
file, which has no name and goes with the process.

Invariants: no listing is older, and none is asked for more often, than ``rest`` seconds; no byte of
a blob is asked for twice within ``rest`` seconds; what is kept is below the length that the store
has acknowledged, where a blob never changes while it keeps its creation time.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import IO, Any, Final, NamedTuple, TypeVar

from ...typing import Catalog, Listed, Range

__all__ = ["REST", "Copies"]

# Seconds between two looks at what is being written.
REST: Final = 60.0
# Of the temporary file: at most, and as a share of what is free.
ROOM: Final = 2 * 2**30
SHARE: Final = 4
_T = TypeVar("_T")


class _Space:
    """A temporary file, of which so many bytes are ``used``. It goes with its last user."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __del__
        self.used = 0

    def __del__(self) -> None:
        self.file.close()

    def put(self, place: int, data: bytes) -> None:
        """Write them there."""
        self.file.seek(place)
        self.file.write(data)

    def get(self, place: int, length: int) -> bytes:
        """Read so many from there."""
        self.file.seek(place)
        return self.file.read(length)


class _Copied(NamedTuple):
    """Bytes of a blob from begin until before end; they are at ``place`` of the space once the task
    is done."""

    begin: int
    end: int
    place: int
    space: _Space
    task: asyncio.Task[Range]


class Copies:
    """A Catalog on top of another one, which ``opened`` opens on an event loop of its own: so it
    may be used from any loop, as read() and verify() do."""

    def __init__(
        self,
        opened: Callable[[], Catalog],
        *,
        room: int | None = None,
        rest: float = REST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        free = shutil.disk_usage(tempfile.gettempdir()).free // SHARE
        self._room = min(ROOM, free) if room is None else room
        self._rest, self._clock, self._sleep = rest, clock, sleep
        self._inner = opened()
        self._listings: dict[str, tuple[float, asyncio.Task[Sequence[Listed]]]] = {}
        self._known: dict[str, Listed] = {}
        self._pieces: dict[str, tuple[_Copied, ...]] = {}
        self._lost: dict[str, tuple[int, float]] = {}  # so far, and until when it is not asked for
        self._space = _Space()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="aiocollect-data-store", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Copies of {len(self._pieces)} blobs, {self._space.used} bytes>"

    # The Catalog --------------------------------------------------------------------------------

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list; as it was within the last minute."""
        for listed in await self._there(self._list(prefix)):
            yield listed

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch."""
        return await self._there(self._fetch(path, offset, length))

    async def aclose(self) -> None:
        """Nothing: whoever made it calls close()."""

    def close(self) -> None:
        """Close the store, and end the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # On the loop of the store -------------------------------------------------------------------

    async def _there(self, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            there = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # closed meanwhile
            work.close()
            raise
        return await asyncio.wrap_future(there)

    async def _close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._inner.aclose()
        self._pieces.clear()

    async def _list(self, prefix: str) -> Sequence[Listed]:
        now = self._clock()
        for wider, (at, task) in list(self._listings.items()):
            if now - at >= self._rest:
                del self._listings[wider]
            elif prefix.startswith(wider):
                found = await asyncio.shield(task)
                return [one for one in found if one.path.startswith(prefix)]
        task = self._loop.create_task(self._listed(prefix))
        self._listings[prefix] = now, task
        try:
            return await asyncio.shield(task)
        except BaseException:
            self._listings.pop(prefix, None)
            raise

    async def _listed(self, prefix: str) -> Sequence[Listed]:
        found = [one async for one in self._inner.list(prefix)]
        for one in found:
            before = self._known.get(one.path)
            if before is not None and (
                before.created != one.created or one.length < before.length or not one.committed
            ):
                self._pieces.pop(one.path, None)
            self._known[one.path] = one
        return found

    async def _fetch(self, path: str, offset: int, length: int) -> Range:
        known = self._known.get(path)
        end = offset + length
        if known is None or not known.committed or end > known.length:
            return await self._inner.fetch(path, offset=offset, length=length)
        if length > self._room:  # it cannot be kept, as where the disk is full
            kept = self._pieces.pop(path, ())
            if kept:
                self._let_go(path, max(piece.end for piece in kept))
            await self._rested(path, offset)
            self._let_go(path, end)
            return await self._inner.fetch(path, offset=offset, length=length)
        pieces = self._covering(path, offset, end)
        data = bytearray()
        try:
            for piece in pieces:
                await asyncio.shield(piece.task)
                first, last = max(offset, piece.begin), min(end, piece.end)
                data += piece.space.get(piece.place + first - piece.begin, last - first)
        except _Changed as changed:
            self._pieces.pop(path, None)
            return changed.found._replace(data=b"")
        except BaseException:
            self._forget_failed(path)
            raise
        # The blob's own words, as of its listing.
        return Range(bytes(data), known.length, "", known.created)

    def _covering(self, path: str, offset: int, end: int) -> Sequence[_Copied]:
        """Pieces that have these bytes, one after the other; for what is lacking new ones."""
        kept = [one for one in self._pieces.get(path, ()) if one.begin < end and offset < one.end]
        lacking = end - offset - sum(min(end, one.end) - max(offset, one.begin) for one in kept)
        if lacking and self._space.used + lacking > self._room:
            self._start_anew()
            kept = []
        found, at = [], offset
        for piece in kept:
            if at < piece.begin:
                found.append(self._begun(path, at, piece.begin))
            found.append(piece)
            at = piece.end
        if at < end:
            found.append(self._begun(path, at, end))
        return found

    def _begun(self, path: str, begin: int, end: int) -> _Copied:
        space = self._space
        place, space.used = space.used, space.used + end - begin
        task = self._loop.create_task(self._copied(path, begin, end, place, space))
        # Whoever waited for it may be gone by the time it fails.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        piece = _Copied(begin, end, place, space, task)
        pieces = (*self._pieces.get(path, ()), piece)
        self._pieces[path] = tuple(sorted(pieces, key=lambda one: one.begin))
        return piece

    async def _copied(self, path: str, begin: int, end: int, place: int, space: _Space) -> Range:
        await self._rested(path, begin)
        known = self._known[path]
        found = await self._inner.fetch(path, offset=begin, length=end - begin)
        if found.created != known.created or len(found.data) < end - begin:
            # Another blob by now: whoever asks sees so by the answer itself.
            self._listings.clear()
            raise _Changed(found)
        space.put(place, found.data)
        return found._replace(data=b"")

    def _start_anew(self) -> None:
        """There is no more room. What was read a moment ago has to wait before it is read again."""
        for path, pieces in self._pieces.items():
            self._let_go(path, max((piece.end for piece in pieces), default=0))
        self._pieces = {}
        self._space = _Space()

    def _let_go(self, path: str, end: int) -> None:
        """The bytes until there were asked for, and are not kept."""
        before, _ = self._lost.get(path, (0, 0.0))
        self._lost[path] = max(before, end), self._clock() + self._rest

    async def _rested(self, path: str, begin: int) -> None:
        """Wait until bytes from there on may be asked for."""
        while True:
            lost, until = self._lost.get(path, (0, 0.0))
            wait = until - self._clock()
            if begin >= lost or wait <= 0:
                return
            await self._sleep(wait)

    def _forget_failed(self, path: str) -> None:
        self._pieces[path] = tuple(
            one
            for one in self._pieces.get(path, ())
            if not (one.task.done() and (one.task.cancelled() or one.task.exception()))
        )


class _Changed(Exception):
    """The blob is not the one that was listed; ``found`` is what was answered."""

    def __init__(self, found: Range) -> None:
        super().__init__("the blob was replaced")
        self.found = found
