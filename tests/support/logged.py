"""A day that was lived with a log, as plain blobs that a test can damage.

What was stored where is taken from the events, by a hook: the oracle of the tests knows nothing of
the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from aiocollect.errors import Refusal, StoreRefused
from aiocollect.events import Event, Settled
from aiocollect.testing import MemoryStore, VirtualLoop, run_virtual
from aiocollect.typing import LOG_ROOT, Listed, Range
from tests.support.virtual import make_pipeline

__all__ = ["KEY", "Blobs", "Day", "lived"]

KEY = b"a key of more than sixteen bytes"
FIRST, SECOND = "00000000aa", "00000000bb"


class Blobs:
    """A Catalog over bytes: what verify() needs of a store."""

    def __init__(self, blobs: dict[str, tuple[bytes, str]]) -> None:
        self.blobs = blobs

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list."""
        for path, (data, created) in sorted(self.blobs.items()):
            if path.startswith(prefix):
                yield Listed(path, len(data), created)

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch."""
        if path not in self.blobs:
            raise StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
        data, created = self.blobs[path]
        return Range(data[offset : offset + length], len(data), "", created)

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass
class Day:
    """The blobs, and where the blocks of each part are: offset and length, in order."""

    blobs: dict[str, tuple[bytes, str]]
    blocks: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    refused: int = 0
    sampled_out: int = 0

    def copy(self) -> Day:
        """To be damaged."""
        return replace(self, blobs=dict(self.blobs))

    @property
    def store(self) -> Any:
        """For verify()."""
        return Blobs(self.blobs)

    def part(self, stream: str) -> str:
        """The part of a stream."""
        (path,) = (path for path in self.blobs if f"/{stream}/" in path)
        return path

    def log(self, writer: str = FIRST) -> str:
        """The log of a writer."""
        (path,) = (path for path in self.blobs if path.startswith(LOG_ROOT) and writer in path)
        return path

    def data(self, path: str) -> bytes:
        """The bytes of a blob."""
        return self.blobs[path][0]

    def block(self, path: str, index: int) -> bytes:
        """The bytes of a block of a part."""
        offset, length = self.blocks[path][index]
        return self.data(path)[offset : offset + length]

    def put(self, path: str, data: bytes) -> None:
        """Write the blob anew, under its creation time: as a directory lets one do."""
        self.blobs[path] = data, self.blobs[path][1]


def lived(*, key: bytes | None = None, closed: bool = True, log: bool = True) -> Day:
    """Two writers share the parts of one model for a while: inputs with texts that hold commas,
    quotes and line ends, predictions, a collector that samples, and calls that are refused."""
    day = Day({})
    blocks = day.blocks

    def hook(event: Event) -> None:
        if isinstance(event, Settled):
            blocks.setdefault(event.part, []).append((event.offset, event.length))

    async def main(loop: VirtualLoop) -> MemoryStore:
        store = MemoryStore(latency=0.02)
        pipelines = [
            make_pipeline(
                store, loop, writer_id=writer, hooks=[hook], log_key=key, linger=0.5, log=log
            )
            for writer in (FIRST, SECOND)
        ]
        for turn in range(24):
            pipeline = pipelines[turn % 2]
            model = pipeline.model("m", version="1", inputs=["a", "t"], predictions=["p"])
            rows = 1 + turn % 3
            texts = [f'turn {turn}, "row" {row}\nand more' for row in range(rows)]
            model.collect(
                inputs=[[turn + row / 4, text] for row, text in enumerate(texts)],
                predictions=[[0.5]] * rows,
            )
            some = pipeline.collector("s", version="1", feature_names=["a"], sample_rate=0.5)
            some.collect(float(turn))
            if turn % 8 == 0:
                some.collect([1.0, 2.0, 3.0], row=-1)
            await asyncio.sleep(0.7)
        await asyncio.sleep(3.0)
        for pipeline in pipelines:
            stats = pipeline.stats()
            day.refused += sum(stats.refused.values())
            day.sampled_out += stats.sampled_out
        if closed:
            for pipeline in pipelines:
                await pipeline.aclose()
        return store

    store = run_virtual(main)
    made: dict[str, Any] = {path: blob.created for path, blob in store._blobs.items()}
    for path, data in {**store.blobs, **store.log}.items():
        day.blobs[path] = data, made[path]
    for of in blocks.values():
        of.sort()
    return day
