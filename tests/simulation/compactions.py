"""Lives of a store that is compacted while it is written to and read, and ends anywhere.

Each life is a few dozen actions: rows are written, come late, or come back from a spool after their
part was removed; a compactor runs, is killed before or after any of its requests, or meets another
one, a writer or a reader between any two of them; parts are removed; a stranger makes a part again.
Readers run at every step, and meet all of this between their own requests.

The oracle is a set of texts: the rows that were written, each once. It knows nothing of parts,
files, footers or watermarks.

``python -m tests.simulation.compactions 1000`` lives a thousand of them.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import IO, Any, NamedTuple

import aiocollect
from aiocollect import MemoryStore
from aiocollect.errors import BlobFull, OutcomeUnknown, SnapshotGone
from aiocollect.testing import VirtualLoop, run_virtual
from aiocollect.typing import METADATA, Listed, Range

ID, TIME, ROW = METADATA
FOLDER = "default/default/default/default/m/1/inputs"
HEADER = f"value,{ID},{TIME},{ROW}\n".encode()
DAYS = ("2026/01/30", "2026/01/31")
ACTIONS = 14

Step = Callable[[], Awaitable[None]]


class AtOnce(ThreadPoolExecutor):
    """Does what is given to threads at once, so that a life is the same each time."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Killed(Exception):
    """The process ended here."""


class View:
    """A process's way to the store: something may happen before each of its requests."""

    def __init__(self, store: MemoryStore, step: Step) -> None:
        self._store = store
        self._step = step

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list; what is found is of one moment."""
        await self._step()
        for listed in [listed async for listed in self._store.list(prefix)]:
            yield listed

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch."""
        await self._step()
        return await self._store.fetch(path, offset=offset, length=length)

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """See ObjectStore.put."""
        await self._step()
        made = await self._store.put(path, file, length=length, content_type=content_type)
        await self._step()
        return made

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """See ObjectStore.seal_at."""
        await self._step()
        return await self._store.seal_at(path, created=created, length=length)

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """See ObjectStore.delete_if."""
        await self._step()
        done = await self._store.delete_if(path, etag=etag)
        await self._step()
        return done

    async def aclose(self) -> None:
        """Nothing to close."""


class Overwriting(View):
    """A control: a put replaces what is there."""

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """Delete, then put."""
        await self._step()
        self._store.delete(path)
        return await self._store.put(path, file, length=length, content_type=content_type)


class Unsealed(View):
    """A control: nothing is sealed, and whatever is there is deleted."""

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """Say yes."""
        await self._step()
        return "sealed"

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """Delete it."""
        await self._step()
        self._store.delete(path)
        return True


class Ageless(View):
    """A control: all blobs were created at one time."""

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list."""
        async for listed in super().list(prefix):
            yield listed._replace(created="then")

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch."""
        found = await super().fetch(path, offset=offset, length=length)
        return found._replace(created="then")

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """Whichever it is."""
        for listed in [one async for one in self._store.list(path)]:
            return await super().seal_at(path, created=listed.created, length=length)
        return ""


class FilesFirst(View):
    """A control: the compacted files are listed before the parts."""

    _files: list[Listed] | None = None

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """What it shows of the files is older than what it shows of the parts."""
        if prefix.startswith(FOLDER):
            self._files = [
                one async for one in self._store.list("model=m/version=1/stream=inputs/")
            ]
        if prefix.startswith("model=m/version=1/stream=") and self._files is not None:
            await self._step()
            for listed in self._files:
                if listed.path.startswith(prefix):
                    yield listed
            return
        async for listed in super().list(prefix):
            yield listed


class Written(NamedTuple):
    """A row as it was written: its day, its part and its line."""

    day: str
    path: str
    line: bytes


class CompactionLife:
    """One life. ``wrong``: what was seen and must not be."""

    def __init__(self, seed: int, view: type[View] = View) -> None:
        self.rng = Random(seed)
        self.store = MemoryStore()
        self.view = view
        self.rows: dict[str, Written] = {}
        self.wrong: list[str] = []
        self.reads = self.kills = self.made = self.removed = 0
        self._pending = 0
        self._depth = 0
        self._count = 0
        self._last: View | None = None

    async def live(self) -> None:
        """All of it; at the end everything is compacted, and read."""
        for _ in range(ACTIONS):
            await self.act()
            await self.read()
        await self.compact(kill=False)
        await self.read()

    async def act(self) -> None:
        """One thing that happens."""
        kind = self.rng.random()
        if kind < 0.35:
            await self.write()
        elif kind < 0.75:
            await self.compact(kill=self.rng.random() < 0.6)
        elif kind < 0.85:
            await self.come_back()
        elif kind < 0.95:
            self.make_again()
        else:
            await self.read()

    # Writers ------------------------------------------------------------------------------------

    async def write(self) -> None:
        """Some rows to one day."""
        day = self.rng.choice(DAYS)
        lines = {}
        for _ in range(self.rng.randrange(1, 5)):
            self._count += 1
            value = str(self._count) if self.rng.random() < 0.9 else f"{self._count}.5"
            moment = f"2026-01-{day[-2:]}T12:00:00.{self.rng.randrange(10**6):06d}"
            id_ = f"{self._count:08x}"
            lines[f"{id_} 0 {float(value)}"] = f"{value},{id_},{moment},0\n".encode()
        path = await self.append(day, b"".join(lines.values()))
        self.rows |= {text: Written(day, path, line) for text, line in lines.items()}
        self._pending += 1

    async def append(self, day: str, data: bytes) -> str:
        """To the first part that takes it, as a pipeline does."""
        writer = self.rng.choice(("", "-00000000aa"))
        for number in range(99):
            path = f"{FOLDER}/{day}/data{writer}{f'_{number}' if number else ''}.csv"
            try:
                await self.store.create(path, content_type="text/csv")
                opened = await self.store.open(path, head=1)
                body = data if opened.length else HEADER + data
                await self.store.append(path, body, offset=opened.length)
            except BlobFull:
                continue
            return path
        raise AssertionError("no part takes it")

    async def come_back(self) -> None:
        """A spool sends rows again whose part was removed."""
        gone = [row for row in self.rows.values() if row.path not in self.store.blobs]
        if gone:
            day = self.rng.choice(gone).day
            lines = [row.line for row in gone if row.day == day][:3]
            await self.append(day, b"".join(lines))
            self._pending += 1

    def make_again(self) -> None:
        """A stranger deletes a part, all of whose rows are in files."""
        if not self._pending and self.store.blobs:
            self.store.delete(self.rng.choice(sorted(self.store.blobs)))

    # Compactors and readers ---------------------------------------------------------------------

    def step(self, at: int, happens: Step) -> Step:
        """Something happens at one of the requests."""
        count = 0

        async def step() -> None:
            nonlocal count
            count += 1
            if count == at:
                await happens()

        return step

    async def kill(self) -> None:
        """The process ends, or its connection does."""
        self.kills += 1
        raise Killed if self.rng.random() < 0.7 else OutcomeUnknown("ReadTimeout")

    async def meet(self) -> None:
        """Others work between two requests."""
        self._depth += 1
        for _ in range(self.rng.randrange(1, 4)):
            await self.rng.choice((self.write, self.write, self.compact, self.read))()
        self._depth -= 1

    async def compact(self, *, kill: bool = False) -> None:
        """A run, to its end or to a kill."""
        pending, self._pending = self._pending, 0
        happens = self.kill if kill else self.meet if self._depth < 2 else self._nothing
        view = self.view(self.store, self.step(self.rng.randrange(1, 28), happens))
        try:
            done = await aiocollect.acompact(
                view,  # type: ignore[arg-type]
                view,  # type: ignore[arg-type]
                until="0d",
                remove_after="1d" if self.rng.random() < 0.5 else None,
            )
        except (Killed, OutcomeUnknown, SnapshotGone):
            self._pending += pending
            return
        self.made += len(done.files)
        self.removed += len(done.removed)

    async def _nothing(self) -> None:
        pass

    async def read(self) -> None:
        """Compare what is read with what was written, before it or while it ran."""
        before = set(self.rows)
        happens = self.meet if self._depth < 2 else self._nothing
        view = self.view(self.store, self.step(self.rng.randrange(1, 20), happens))
        self.reads += 1
        try:
            dataset = await aiocollect.aread(
                view,  # type: ignore[arg-type]
                "m",
                version="1",
                streams="inputs",
            )
            table = await dataset.ato_arrow()
        except aiocollect.ConfigError:
            self._check([], before)
            return
        if not table.num_rows:
            self._check([], before)
            return
        columns = (table[name].to_pylist() for name in (ID, ROW, "value"))
        self._check([_text(*cells) for cells in zip(*columns, strict=True)], before)

    def _check(self, found: list[str], before: set[str]) -> None:
        if len(set(found)) < len(found):
            self.wrong.append(f"{len(found) - len(set(found))} rows are doubled")
        if lost := before - set(found):
            self.wrong.append(f"{len(lost)} rows are missing")
        if invented := set(found) - set(self.rows):
            self.wrong.append(f"{len(invented)} rows were never written")


def _text(id_: Any, row: Any, value: Any) -> str:
    """A row as the oracle has it; one that was cut in two has no value."""
    return f"{id_} {row} {value if value is None else float(value)}"


def life_of(seed: int, view: type[View] = View) -> CompactionLife:
    """A life to its end, or to the first thing that is wrong with it."""
    life = CompactionLife(seed, view)

    async def main(loop: VirtualLoop) -> None:
        loop.set_default_executor(AtOnce())
        try:
            await life.live()
        except aiocollect.AioCollectError as error:
            life.wrong.append(f"{type(error).__name__}: {error}")

    run_virtual(main)
    return life


def main(count: int) -> int:
    """Live so many; returns how many were wrong."""
    views: dict[str, type[View]] = {
        "": View,
        "puts overwrite": Overwriting,
        "nothing is sealed": Unsealed,
        "no creation time": Ageless,
        "files before parts": FilesFirst,
    }
    failed = 0
    for name, view in views.items():
        lives = [life_of(seed, view) for seed in range(count // 10 if name else count)]
        wrong = [(seed, life.wrong[0]) for seed, life in enumerate(lives) if life.wrong]
        sums = {
            what: sum(getattr(life, what) for life in lives)
            for what in ("reads", "kills", "made", "removed")
        }
        print(f"{name or 'as it is'}: {len(lives)} lives, {len(wrong)} wrong; {sums}")
        for seed, text in wrong[: 5 if not name else 1]:
            print(f"  seed {seed}: {text}")
        failed += len(wrong) if not name else 0
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
