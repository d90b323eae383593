"""Listings: page after page, whatever is on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from aiocollect.errors import OutcomeUnknown
from aiocollect.stores.azure.listing import listed

CREATED = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
CHANGED = datetime(2026, 1, 31, 12, 7, tzinfo=UTC)


class Pages:
    """As the SDK's: a token for the next page, None on the last one."""

    def __init__(self, *pages: list[Any]) -> None:
        self._pages = list(pages)
        self.continuation_token: str | None = None

    def list_blobs(self, *, name_starts_with: str | None) -> Pages:
        return self

    def by_page(self) -> Pages:
        return self

    async def __anext__(self) -> AsyncIterator[Any]:
        if not self._pages:
            raise StopAsyncIteration
        page = self._pages.pop(0)
        self.continuation_token = "next" if self._pages else None

        async def blobs() -> AsyncIterator[Any]:
            for blob in page:
                yield blob

        return blobs()


def blob(name: str, **said: Any) -> Any:
    common = {
        "size": 5,
        "creation_time": CREATED,
        "last_modified": CHANGED,
        "blob_type": "AppendBlob",
    }
    return SimpleNamespace(name=name, **{**common, **said})


def found(*pages: list[Any]) -> list[Any]:
    async def main() -> list[Any]:
        container: Any = Pages(*pages)
        return [one async for one in listed(container, "", lambda request: request())]

    return asyncio.run(main())


def test_all_pages_are_read() -> None:
    """An empty one in the middle, too, as the service may send it."""
    names = [one.path for one in found([blob("a"), blob("b")], [], [blob("c")])]
    assert names == ["a", "b", "c"]
    assert found([]) == found() == []


def test_the_creation_time_is_that_of_a_read() -> None:
    """The form of the header x-ms-creation-time; of a block blob, which can be written again in
    place, its ETag stands for it."""
    (one,) = found([blob("a")])
    assert one == ("a", 5, "Sat, 31 Jan 2026 12:00:05 GMT", True, True, CHANGED.timestamp())
    (one,) = found([blob("a", blob_type="BlockBlob", etag='"0x8D"')])
    assert one[2:4] == ("0x8D", False)


@pytest.mark.parametrize("said", [{"size": None}, {"creation_time": None}])
def test_an_answer_that_says_too_little_is_none(said: dict[str, Any]) -> None:
    """Nothing is guessed."""
    with pytest.raises(OutcomeUnknown, match="UnreadableAnswer"):
        found([blob("a", **said)])
