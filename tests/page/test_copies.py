"""What the data page asks of a store: no byte twice within a minute, and nothing that is stale.

The oracle is a store of its own, which keeps the bytes and writes down each request with its time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import pytest

from aiocollect.errors import OutcomeUnknown
from aiocollect.page.data.copies import REST, Copies
from aiocollect.typing import Listed, Range


class Watch:
    """Seconds, which pass where somebody waits for them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class WatchedStore:
    """Blobs that grow, and what was asked of them: (path, begin, end, when)."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.blobs: dict[str, bytes] = {}
        self.created: dict[str, str] = {}
        self.committed = True
        self.asked: list[tuple[str, int, int, float]] = []
        self.listed: list[tuple[str, float]] = []
        self.failing = 0

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        self.listed.append((prefix, self.watch.now))
        await asyncio.sleep(0)
        for path, data in self.blobs.items():
            if path.startswith(prefix):
                created = self.created.get(path, "c")
                yield Listed(path, len(data), created, committed=self.committed)

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        await asyncio.sleep(0)
        if self.failing:
            self.failing -= 1
            raise OutcomeUnknown("no answer")
        data = self.blobs[path]
        found = data[offset : offset + length]
        self.asked.append((path, offset, offset + len(found), self.watch.now))
        return Range(found, len(data), "e", self.created.get(path, "c"))

    async def aclose(self) -> None:
        self.closed = True

    def asked_again(self) -> Sequence[tuple[str, int, int, float]]:
        """Requests of bytes that had been asked for within the minute before."""
        found = []
        for k, (path, begin, end, at) in enumerate(self.asked):
            for other, first, last, before in self.asked[:k]:
                if other == path and first < end and begin < last and at - before < REST:
                    found.append((path, begin, end, at))
        return found


@contextmanager
def copies(store: WatchedStore, *, room: int = 10**6) -> Iterator[Copies]:
    found = Copies(lambda: store, room=room, clock=store.watch, sleep=store.watch.sleep)
    try:
        yield found
    finally:
        found.close()


def listed(found: Copies, prefix: str = "") -> dict[str, Listed]:
    async def main() -> dict[str, Listed]:
        return {one.path: one async for one in found.list(prefix)}

    return asyncio.run(main())


def fetched(found: Copies, path: str, offset: int, length: int) -> bytes:
    return asyncio.run(found.fetch(path, offset=offset, length=length)).data


@pytest.mark.parametrize("room", [10**6, 3000, 600])
@pytest.mark.parametrize("seed", range(6))
def test_no_byte_is_asked_for_twice_within_a_minute(seed: int, room: int) -> None:
    """Whatever is read, as often as anybody likes, while blobs grow; also where there is less room
    than they need. And the bytes are those of the blob."""
    chance = random.Random(seed)
    store = WatchedStore(Watch())
    store.blobs = {name: chance.randbytes(chance.randrange(1, 400)) for name in ("a", "b", "c")}
    with copies(store, room=room) as found:
        there = listed(found)
        for _ in range(120):
            store.watch.now += chance.choice([0, 0, 1, 20])
            path = chance.choice(sorted(store.blobs))
            if chance.random() < 0.3:
                store.blobs[path] += chance.randbytes(chance.randrange(1, 200))
            if chance.random() < 0.3:
                there = listed(found)
            length = there[path].length
            offset = chance.randrange(length)
            wanted = chance.randrange(1, length - offset + 1)
            assert fetched(found, path, offset, wanted) == store.blobs[path][offset:][:wanted]
    assert store.asked
    assert store.asked_again() == []
    for (_, first), (_, second) in pairwise(store.listed):
        assert second - first >= REST


def test_several_at_once_ask_once() -> None:
    """Readers have some ranges under way: those that overlap wait for one another."""
    store = WatchedStore(Watch())
    store.blobs["a"] = bytes(range(200))
    with copies(store) as found:
        listed(found)

        async def main() -> list[Range]:
            spans = [(0, 50), (25, 100), (0, 200), (150, 50)]
            return await asyncio.gather(
                *[found.fetch("a", offset=offset, length=length) for offset, length in spans]
            )

        assert [one.data for one in asyncio.run(main())] == [
            store.blobs["a"][begin:][:length]
            for begin, length in [(0, 50), (25, 100), (0, 200), (150, 50)]
        ]
    assert store.asked_again() == []


def test_a_narrower_listing_is_part_of_the_wider_one() -> None:
    """One listing a minute, of whatever is below it."""
    store = WatchedStore(Watch())
    store.blobs = {"m/a/1": b"x", "m/b/1": b"yy", "log/1": b"z"}
    with copies(store) as found:
        assert listed(found, "m/").keys() == {"m/a/1", "m/b/1"}
        assert listed(found, "m/b/")["m/b/1"].length == 2
        store.blobs["m/b/1"] += b"y"
        assert listed(found, "m/b/")["m/b/1"].length == 2
        assert listed(found, "log/").keys() == {"log/1"}
        assert [prefix for prefix, _ in store.listed] == ["m/", "log/"]
        store.watch.now += REST
        assert listed(found, "m/b/")["m/b/1"].length == 3


def test_another_blob_of_the_name_is_read_anew() -> None:
    """By its creation time: first the answer says that it is another one, then its own bytes."""
    store = WatchedStore(Watch())
    store.blobs["a"] = b"old bytes"
    with copies(store) as found:
        listed(found)
        assert fetched(found, "a", 0, 3) == b"old"
        store.blobs["a"], store.created["a"] = b"new and longer", "d"
        changed = asyncio.run(found.fetch("a", offset=3, length=6))
        assert changed.created == "d"
        assert listed(found)["a"].created == "d"  # it does not wait for the minute to pass
        assert fetched(found, "a", 0, 3) == b"new"


def test_what_may_still_change_is_not_kept() -> None:
    """A file whose end may be torn, and bytes beyond what was listed."""
    store = WatchedStore(Watch())
    store.committed = False
    store.blobs["a"] = b"torn"
    with copies(store) as found:
        listed(found)
        assert fetched(found, "a", 0, 4) == b"torn"
        store.blobs["a"] = b"mend"
        assert fetched(found, "a", 0, 4) == b"mend"
        assert fetched(found, "unlisted-a"[-1], 2, 9) == b"nd"


def test_a_failure_is_not_kept() -> None:
    """The store's own error goes through, and the next one who asks gets the bytes."""
    store = WatchedStore(Watch())
    store.blobs["a"] = b"bytes"
    with copies(store) as found:
        listed(found)
        store.failing = 1
        with pytest.raises(OutcomeUnknown):
            fetched(found, "a", 0, 5)
        assert fetched(found, "a", 0, 5) == b"bytes"
    assert store.closed
    with pytest.raises(RuntimeError):
        fetched(found, "a", 0, 5)


def test_a_listing_that_fails_is_asked_again() -> None:
    """It is no empty store."""
    store = WatchedStore(Watch())

    class Refusing(WatchedStore):
        async def list(self, prefix: str) -> AsyncIterator[Listed]:
            self.listed.append((prefix, 0.0))
            if len(self.listed) == 1:
                raise OutcomeUnknown("no answer")
            yield Listed("a", 1, "c")

    refusing = Refusing(store.watch)
    with copies(refusing) as found:
        with pytest.raises(OutcomeUnknown):
            listed(found)
        assert listed(found).keys() == {"a"}
