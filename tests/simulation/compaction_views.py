"""Ways to a store in a simulated life of compaction: as it is, and with one rule of it left out.

A rule is left out at the store, so that no code of ours is changed: what it answers is what the
rule's code would do, or see.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO, Final, TypeAlias

from aiocollect import MemoryStore
from aiocollect.errors import StoreRefused
from aiocollect.typing import Listed, Range

__all__ = ["CONTROLS", "FOLDER", "SEEDS", "Step", "View"]

FOLDER = "default/default/default/default/m/1/inputs"
# In a footer, behind path, creation time and begin; in a log, of the application of a part.
_watermark: Final = re.compile(
    rb'((?:\["[^"]*","[^"]*",\d+,)|(?:"appId":"aiocollect:[^"]*","version":))(\d+)'
)

Step: TypeAlias = Callable[[], Awaitable[None]]


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


class Forgetful(View):
    """A control: files have no watermarks, neither in their footers nor in the log of a table."""

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """In place of each a 0 of the same length."""
        found = await super().fetch(path, offset=offset, length=length)
        data = _watermark.sub(
            lambda seen: seen[1] + b"0".rjust(len(seen[2])),
            found.data if path.endswith((".parquet", ".json")) else b"",
        )
        return found._replace(data=data) if data else found


class Unworried(View):
    """A control: a part that is gone has no rows, and nobody plans again for it."""

    def __init__(self, store: MemoryStore, step: Step) -> None:
        super().__init__(store, step)
        self._seen: dict[str, Listed] = {}

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list."""
        async for listed in super().list(prefix):
            self._seen[listed.path] = listed
            yield listed

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """Line ends, which are no rows."""
        try:
            return await super().fetch(path, offset=offset, length=length)
        except StoreRefused:
            seen = self._seen[path]
            return Range(b"\n" * length, seen.length, "etag", created=seen.created)


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


# Each of them leaves a rule out, and lives go wrong.
CONTROLS: Final[dict[str, type[View]]] = {
    "puts overwrite": Overwriting,
    "no watermark": Forgetful,
    "marks by name": Ageless,
    "nothing is sealed": Unsealed,
    "no new plan": Unworried,
    "files first": FilesFirst,
}
# A life of each form that goes wrong without the rule; others may.
SEEDS: Final = {
    "parquet": {
        "puts overwrite": 3,
        "no watermark": 0,
        "marks by name": 0,
        "nothing is sealed": 8,
        "no new plan": 0,
        "files first": 5,
    },
    "delta": {
        "puts overwrite": 25,
        "no watermark": 0,
        "marks by name": 0,
        "nothing is sealed": 39,
        "no new plan": 1,
        "files first": 3,
    },
}
