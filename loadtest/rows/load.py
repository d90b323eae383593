"""What the benches have in common: rows, a store that costs next to nothing, a pipeline beside it.

The rows are ten float64 of 15 to 17 digits; the base of all ratios is one orjson.dumps of the same
rows with id and timestamp as one array of arrays.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Final

import orjson

from aiocollect import Pipeline
from aiocollect._core.ids import Ids, timestamp_text
from aiocollect.errors import Refusal, StoreRefused
from aiocollect.typing import Appended, Opened, Range

__all__ = [
    "BURST",
    "FEATURES",
    "InstantStore",
    "RowsWrong",
    "bare",
    "check_rows",
    "collect_all",
    "floats",
    "missing",
    "pipeline_on",
]

WIDTH: Final = 10
_LOG: Final = "_aiocollect/"  # by its name: older revisions have none to import
FEATURES: Final = [f"f{number}" for number in range(WIDTH)]
# Calls between two turns of the loop. The pump takes about 180 rows of ten floats a turn: with more
# they would pile up in the ring, and the garbage collector would be what is measured.
BURST: Final = 128


@cache
def floats(count: int) -> tuple[list[float], ...]:
    """Rows of ten floats; the same for the same count."""
    chance = random.Random(7)
    return tuple([chance.random() * 100 for _ in range(WIDTH)] for _ in range(count))


@cache
def missing(count: int, share: float) -> tuple[list[float | None], ...]:
    """The same rows with so many of their cells missing."""
    chance = random.Random(8)
    return tuple(
        [None if chance.random() < share else cell for cell in row] for row in floats(count)
    )


def bare(rows: Sequence[Sequence[Any]], *, calls: int) -> Callable[[], object]:
    """The base: one dump of the rows, which come in so many calls, with id and timestamp."""
    ids = Ids("0123456789")
    begin = 1_769_903_998_123_456
    each = len(rows) // calls
    stamps = [
        (ids.id(begin + 37 * call), timestamp_text(begin + 37 * call)) for call in range(calls)
    ]
    array = [[*row, *stamps[number // each]] for number, row in enumerate(rows)]
    return lambda: orjson.dumps(array)


class RowsWrong(Exception):
    """A bench whose rows were lost or doubled: it has no figures."""


class InstantStore:
    """Acknowledges what it is given, and keeps its length alone; once ``kept`` is a list, blocks
    too."""

    def __init__(self) -> None:
        self._blobs: dict[str, tuple[int, int]] = {}
        self.appends: list[int] = []
        self.kept: list[bytes] | None = None

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open; the header is not looked at, since each blob is made here, empty."""
        if path not in self._blobs:
            raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
        length, blocks = self._blobs[path]
        return Opened(length, blocks, "1", str(blocks), b"")

    async def create(self, path: str, *, content_type: str) -> bool:
        """See Store.create."""
        self._blobs[path] = (0, 0)
        return True

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append. It lets the loop run once, as a request would."""
        await asyncio.sleep(0)
        _, blocks = self._blobs[path]
        self._blobs[path] = (offset + len(data), blocks + 1)
        self.appends.append(len(data))
        if self.kept is not None and not path.startswith(_LOG):
            self.kept.append(data)
        return Appended(offset + len(data), blocks + 1, str(blocks + 1))

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read; never asked for here."""
        raise AssertionError("nothing is in doubt")

    async def aclose(self) -> None:
        """Nothing to give back."""


def pipeline_on(store: Any, **options: Any) -> Pipeline:
    """A pipeline with the defaults, but strict: a bench whose rows are refused measures nothing."""
    return Pipeline(store, **{"strict": True, **options})


async def collect_all(
    collect: Callable[[Any], object],
    calls: Sequence[Any],
    *,
    flush: Callable[[], Awaitable[object]],
    burst: int = BURST,
) -> None:
    """Collect the calls, with a turn of the loop after each burst, until all are acknowledged."""
    for first in range(0, len(calls), burst):
        for value in calls[first : first + burst]:
            collect(value)
        await asyncio.sleep(0)
    await flush()


async def check_rows(
    store: InstantStore,
    collect: Callable[[Any], object],
    calls: Sequence[Any],
    *,
    flush: Callable[[], Awaitable[object]],
    rows: int,
) -> None:
    """Collect these calls once more, in no figure, and count the lines that the store is given: a
    figure of rows that are lost or doubled says nothing. Raises RowsWrong."""
    store.kept = []
    await collect_all(collect, calls, flush=flush)
    lines = sum(block.count(b"\n") for block in store.kept)
    store.kept = None
    if lines != rows:
        raise RowsWrong(f"{rows:,} rows were collected, and {lines:,} lines stored")
