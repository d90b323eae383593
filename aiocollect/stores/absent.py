"""No store: that of a pipeline that is switched off and was given none.

It stores nothing, so that no row is ever counted as stored that is not.
"""

from __future__ import annotations

from ..errors import Refusal, StoreRefused
from ..typing import Appended, Opened, Range

__all__ = ["AbsentStore"]


class AbsentStore:
    """Refuses everything, so that rows are held, and an alarm says why."""

    def __repr__(self) -> str:
        return "<no store>"

    async def open(self, path: str, *, head: int) -> Opened:
        """See Store.open."""
        raise _refused()

    async def create(self, path: str, *, content_type: str) -> bool:
        """See Store.create."""
        raise _refused()

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """See Store.append."""
        raise _refused()

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """See Store.read."""
        raise _refused()

    async def aclose(self) -> None:
        """Nothing to close."""


def _refused() -> StoreRefused:
    return StoreRefused(Refusal.CONTAINER_MISSING, "NoStore")
