"""How a store is asked: again where that helps, with waits that grow, and not for ever.

A store may have time limits of its own, or none: a proxy that takes the request and never answers
holds a connection as long as it likes. So each answer has a limit here, whatever the store does.
What a store refuses is said with the right that is missing, or with what else is to be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

from ...errors import OutcomeUnknown, Refusal, StoreBusy, StoreRefused, StoreUnreachable
from ...remedies import explain
from ...typing import Catalog, Listed, Range

__all__ = ["TIMEOUT", "Patient", "patient"]

TRIES: Final = 6
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
# Seconds for one answer with all its tries: longer than a store is away while it is updated or
# its name moves to another address, shorter than somebody looks at a screen that does not move.
TIMEOUT: Final = 60.0

_T = TypeVar("_T")
_RIGHTS: Final = {"list": "l", "read": "r"}


class Patient:
    """A store, and how many seconds one waits for an answer of it."""

    def __init__(self, catalog: Catalog, timeout: float = TIMEOUT) -> None:
        self.catalog = catalog
        self.timeout = timeout

    def __repr__(self) -> str:
        return f"<Patient with {self.catalog!r}>"

    def list(self, prefix: str) -> AsyncIterator[Listed]:
        """The store's own answer."""
        return self.catalog.list(prefix)

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """The store's own answer."""
        return await self.catalog.fetch(path, offset=offset, length=length)

    async def aclose(self) -> None:
        """Close the store."""
        await self.catalog.aclose()

    async def asked(self, ask: Callable[[asyncio.Timeout], Awaitable[_T]], *, right: str) -> _T:
        """What ``ask`` returns, tried again where time may help. It may put the limit off when it
        gets on. ``right``: to "list" or to "read". Raises StoreUnreachable, StoreRefused, and what
        else ``ask`` raises."""
        try:
            async with asyncio.timeout(self.timeout) as limit:
                return await self._tried(ask, limit)
        except TimeoutError:
            if not limit.expired():
                raise
            raise StoreUnreachable(
                f"the store gave no answer for {self.timeout:g} s; check its address, the network "
                "and any proxy between, or wait longer with timeout="
            ) from None
        except StoreRefused as refused:
            raise _explained(refused, right) from None

    async def _tried(
        self, ask: Callable[[asyncio.Timeout], Awaitable[_T]], limit: asyncio.Timeout
    ) -> _T:
        wait, left = FIRST_WAIT, TRIES
        while True:
            left -= 1
            try:
                return await ask(limit)
            except (OutcomeUnknown, StoreBusy) as error:
                if not left:
                    raise
                wait = max(wait, error.retry_after or 0.0)
            await asyncio.sleep(min(wait, LONGEST_WAIT))
            wait *= 2

    async def listed(self, prefix: str) -> Sequence[Listed]:
        """All blobs whose paths begin with ``prefix``. Each one that comes puts the limit off."""

        async def ask(limit: asyncio.Timeout) -> list[Listed]:
            loop, found = asyncio.get_running_loop(), []
            async for one in self.catalog.list(prefix):
                found.append(one)
                if not len(found) % 1000:
                    limit.reschedule(loop.time() + self.timeout)
            return found

        return await self.asked(ask, right="list")


def patient(catalog: Catalog) -> Patient:
    """As it was opened, or with the usual limit."""
    return catalog if isinstance(catalog, Patient) else Patient(catalog)


def _explained(refused: StoreRefused, right: str) -> StoreRefused:
    """The same with its remedy, for who reads: those of the table are for who writes."""
    said = f"{explain(refused.code)}"
    if refused.reason is Refusal.NO_RIGHT:
        said = (
            f"the credential may not {right} blobs; a SAS needs sp=rl (here "
            f"{_RIGHTS[right]} is missing), an identity the role Storage Blob Data Reader"
        )
    found = StoreRefused(refused.reason, refused.code, retry_after=refused.retry_after)
    found.args = (f"{refused.code}: {said}",)
    return found
