"""A store that fails when it is asked to: what the demo's buttons switch.

It stands around the real store and speaks its Protocol, so a directory and an account fail alike,
and the pipeline that uses it knows nothing of it.

- *down*: nobody answers; every connection is refused.
- *slow*: every request takes a second longer.
- *lose*: the next appends of so many land, and their answers never come.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ..errors import OutcomeUnknown
from ..typing import Appended, Created, Opened, Range, Store

__all__ = ["LOST_ANSWERS", "SLOWNESS", "Faults", "FailingStore"]

# Seconds that a slow request takes longer.
SLOWNESS: Final = 1.0
# By one press: one for each stream, and their log.
LOST_ANSWERS: Final = 4


class Faults:
    """Which faults are on. Lines of a parent switch them: "down on", "slow off", "lose on" (which
    ends by itself)."""

    def __init__(self) -> None:
        self.down = False
        self.slow = False
        self.lose = 0  # answers

    def __repr__(self) -> str:
        return f"<Faults down={self.down} slow={self.slow} lose={self.lose}>"

    def hear(self, line: str) -> None:
        """Switch one. Anything else is a mistake of our own: ValueError."""
        name, _, state = line.partition(" ")
        if state not in ("on", "off") or name not in ("down", "slow", "lose"):
            raise ValueError(f"no fault: {line!r}")
        if name == "lose":
            self.lose = LOST_ANSWERS if state == "on" else self.lose
        else:
            setattr(self, name, state == "on")

    async def before(self) -> None:
        """What a request meets on its way to the store. Raises OutcomeUnknown."""
        if self.slow:
            await asyncio.sleep(SLOWNESS)
        if self.down:
            raise OutcomeUnknown("ConnectionRefused")

    def after_append(self) -> None:
        """What the answer to an append meets on its way back. Raises OutcomeUnknown."""
        if self.lose > 0:
            self.lose -= 1
            raise OutcomeUnknown("ConnectionReset")


class FailingStore:
    """The ``store``, and ``faults`` on the way to it."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def __repr__(self) -> str:
        return f"{self._store!r}"

    @property
    def target(self) -> str:
        """That of the store."""
        return getattr(self._store, "target", repr(self._store))

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store."""
        await self._faults.before()
        return await self._store.open(path, head=head)

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """See Store."""
        await self._faults.before()
        return await self._store.create(path, content_type=content_type)

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store."""
        await self._faults.before()
        done = await self._store.append(path, data, offset=offset, etag=etag)
        self._faults.after_append()
        return done

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store."""
        await self._faults.before()
        return await self._store.read(path, offset=offset, length=length)

    async def aclose(self) -> None:
        """See Store."""
        await self._store.aclose()
