"""A simulated storage account that all writers of a fleet share: round trips, throttles, counts.

The blobs are those of MemoryStore, with its append protocol. What is added is the way to them and
what an account allows:

- A request takes ``round_trip`` seconds, give or take a fifth: half of it to the account, which
  decides then, and half of it back.
- An account answers so many requests a second, and so many on one blob; above that 503 ServerBusy.
  Both are token buckets that hold a second's worth. A refused request takes no token: the
  documentation does not say how the service counts those.
- A blob takes so many blocks.

Sources: learn.microsoft.com/azure/storage/common/scalability-targets-standard-account (20,000
requests a second, 40,000 in some regions; above them 503 or 500), "storage-blob-scale-targets" of
MicrosoftDocs/azure-docs (50,000 blocks; 500 requests a second for a single blob in the versions of
2018 and 2020; later ones give 3,000 for block blobs, 500 for page blobs, and no figure for append
blobs, so the lowest one is taken).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from aiocollect.errors import BlobFull, OffsetMismatch, StoreBusy, StoreError
from aiocollect.testing import MemoryStore, Operation
from aiocollect.typing import LOG_ROOT, Appended, Created, Opened, Range

__all__ = ["DOCUMENTED", "Account", "Allowed", "Bucket"]

_T = TypeVar("_T")
# Around the round trip, up or down by so much: no two requests are in step for ever.
SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an account allows: requests a second in all and on one blob, blocks of one blob."""

    requests: float
    blob_requests: float
    blocks: int


DOCUMENTED: Final = Allowed(requests=20_000.0, blob_requests=500.0, blocks=50_000)


class Bucket:
    """Gives ``rate`` tokens a second, and keeps at most those of one second, or one."""

    __slots__ = ("_left", "_rate", "_seen")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = max(1.0, rate)
        self._seen = 0.0

    def __repr__(self) -> str:
        return f"<Bucket {self._left:.1f} of {self._rate:g}>"

    def fill(self, now: float) -> bool:
        """Whether there is a token at this moment."""
        self._left = min(max(1.0, self._rate), self._left + (now - self._seen) * self._rate)
        self._seen = now
        return self._left >= 1.0

    def take(self) -> None:
        """Take one; fill() was true."""
        self._left -= 1.0


class Account:
    """A Store that many pipelines share. ``down`` makes every request vanish on its way.

    ``answers`` counts by (kind of blob, operation, answer): rows or log; an operation's value; ok,
    lost (412), full, exists, missing, busy or down. ``served`` is how many requests were not
    refused as too many, by second.
    """

    def __init__(self, allowed: Allowed, *, round_trip: float, random: Random) -> None:
        self.store = MemoryStore(max_blocks=allowed.blocks)
        self.down = False
        self.answers: Counter[tuple[str, str, str]] = Counter()
        self.served: Counter[int] = Counter()
        self._allowed = allowed
        self._round_trip = round_trip
        self._random = random
        self._all = Bucket(allowed.requests)
        self._each: dict[str, Bucket] = {}

    def __repr__(self) -> str:
        return f"<Account {sum(self.answers.values())} requests, {self.store!r}>"

    # The Store protocol -------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""
        return await self._way(Operation.OPEN, path, self.store.open(path, head=head))

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """See Store.create."""
        answer = self.store.create(path, content_type=content_type)
        return await self._way(Operation.CREATE, path, answer)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""
        answer = self.store.append(path, data, offset=offset, etag=etag)
        return await self._way(Operation.APPEND, path, answer)

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read."""
        answer = self.store.read(path, offset=offset, length=length)
        return await self._way(Operation.READ, path, answer)

    async def aclose(self) -> None:
        """The account outlives its writers."""

    # The way there and back ---------------------------------------------------------------------

    async def _way(self, operation: Operation, path: str, answer: Awaitable[_T]) -> _T:
        kind = "log" if path.startswith(LOG_ROOT) else "rows"
        trip = self._round_trip * self._random.uniform(1 - SPREAD, 1 + SPREAD)
        word = "ok"
        try:
            await asyncio.sleep(trip / 2)
            self._admit(path)
            found = await answer
            if found is False:
                word = "exists"
        except StoreError as error:
            word = _word(error)
            raise
        except asyncio.CancelledError:
            word = "ended"
            raise
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()  # of an answer that nobody asked for
            self.answers[kind, operation.value, word] += 1
            if word != "ended":
                await asyncio.sleep(trip / 2)
        return found

    def _admit(self, path: str) -> None:
        """Raises StoreBusy where the account has had too many requests, or does not answer."""
        now = asyncio.get_running_loop().time()
        if self.down:
            raise StoreBusy("AccountIsDown")
        blob = self._each.get(path)
        if blob is None:
            blob = self._each[path] = Bucket(self._allowed.blob_requests)
        # Both are asked before one of them is taken from.
        if not (blob.fill(now) & self._all.fill(now)):
            raise StoreBusy("ServerBusy")
        blob.take()
        self._all.take()
        self.served[int(now)] += 1


def _word(error: StoreError) -> str:
    if isinstance(error, OffsetMismatch):
        return "lost"
    if isinstance(error, BlobFull):
        return "full"
    if isinstance(error, StoreBusy):
        return "down" if error.code == "AccountIsDown" else "busy"
    return "missing"
