"""Ranges of frozen lengths, in virtual time: asked for again where that helps, never beyond."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from aiocollect import MemoryStore
from aiocollect.errors import (
    OutcomeUnknown,
    Refusal,
    SnapshotGone,
    StoreBusy,
    StoreRefused,
    StoreUnreachable,
)
from aiocollect.reading.fetch.fetcher import AHEAD, Fetcher, listing
from aiocollect.reading.fetch.patience import LONGEST_WAIT, TIMEOUT, TRIES, Patient
from aiocollect.reading.parts.plan import HEAD, RANGE, PlannedPart
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from aiocollect.typing import Range


class Watched:
    """A catalog that writes down what it was asked for, and answers with what a script says."""

    def __init__(self, memory: MemoryStore) -> None:
        self.memory = memory
        self.asked: list[tuple[str, int, int]] = []
        self.running = self.most = 0
        self.answers: list[Callable[[Range], Range]] = []

    async def list(self, prefix: str) -> Any:
        async for listed in self.memory.list(prefix):
            yield listed

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        self.asked.append((path, offset, length))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.01)
            found = await self.memory.fetch(path, offset=offset, length=length)
        finally:
            self.running -= 1
        return self.answers.pop(0)(found) if self.answers else found

    async def aclose(self) -> None:
        """Nothing to give back."""


def with_blobs(sizes: dict[str, int], **options: Any) -> tuple[Watched, list[PlannedPart]]:
    memory = MemoryStore(max_block_bytes=2**30, **options)

    async def main(_: VirtualLoop) -> list[PlannedPart]:
        for path, size in sizes.items():
            await memory.create(path, content_type="text/csv")
            if size:
                await memory.append(path, bytes(path[-1], "ascii") * size, offset=0)
        return [
            PlannedPart("s", one.path, one.length, one.created, "csv", 0, 1)
            async for one in memory.list("")
        ]

    parts = run_virtual(main)
    return Watched(memory), parts


def read(catalog: Watched, parts: list[PlannedPart]) -> dict[str, bytes]:
    """All bytes, by part, as they come."""

    async def main(_: VirtualLoop) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        async for stretch in Fetcher(catalog).stretches(parts):
            found[stretch.part.path] = found.get(stretch.part.path, b"") + stretch.data
            assert stretch.last == (len(found[stretch.part.path]) == stretch.part.length)
        return found

    return run_virtual(main)


def test_all_bytes_in_order_a_few_ranges_ahead() -> None:
    """Large parts in ranges, small ones at once, empty ones without a request."""
    catalog, parts = with_blobs({"a": AHEAD * RANGE + 5, "b": 0, "c": 7})
    found = read(catalog, parts)
    assert found == {"a": b"a" * (AHEAD * RANGE + 5), "b": b"", "c": b"c" * 7}
    assert sorted(catalog.asked) == [
        *(("a", number * RANGE, RANGE) for number in range(AHEAD)),
        ("a", AHEAD * RANGE, 5),
        ("c", 0, 7),
    ]
    assert catalog.most == AHEAD


def test_no_byte_beyond_the_frozen_length() -> None:
    """Also where the blob has grown since."""
    catalog, parts = with_blobs({"a": 10})

    async def grow(_: VirtualLoop) -> None:
        await catalog.memory.append("a", b"more", offset=10)

    run_virtual(grow)
    assert read(catalog, parts) == {"a": b"a" * 10}
    assert catalog.asked == [("a", 0, 10)]


def test_a_head_is_fetched_once() -> None:
    """What was seen of a part while its columns were looked at is not asked for again."""
    catalog, parts = with_blobs({"a": HEAD + 3, "b": 5})

    async def main(_: VirtualLoop) -> bytes:
        fetcher = Fetcher(catalog)
        heads = [head async for _, head in fetcher.heads(parts)]
        assert list(map(len, heads)) == [HEAD, 5]
        return b"".join([stretch.data async for stretch in fetcher.stretches(parts)])

    assert run_virtual(main) == b"a" * (HEAD + 3) + b"b" * 5
    assert sorted(catalog.asked) == [("a", 0, HEAD), ("a", HEAD, 3), ("b", 0, 5)]


def faulty(kind: FaultKind, times: int) -> Callable[[Operation, str], Fault | None]:
    left = times

    def faults(operation: Operation, path: str) -> Fault | None:
        nonlocal left
        left -= operation is Operation.READ
        return Fault(kind) if operation is Operation.READ and left >= 0 else None

    return faults


@pytest.mark.parametrize("kind", [FaultKind.BUSY, FaultKind.NOT_SENT])
def test_what_time_may_help_is_asked_for_again(kind: FaultKind) -> None:
    """With waits that grow; not for ever."""
    catalog, parts = with_blobs({"a": 10})
    catalog.memory.faults = faulty(kind, TRIES - 1)
    assert read(catalog, parts) == {"a": b"a" * 10}
    assert len(catalog.asked) == TRIES
    catalog.memory.faults = faulty(kind, TRIES)
    with pytest.raises((StoreBusy, OutcomeUnknown)):
        read(catalog, parts)


def test_the_stores_own_wish_is_heeded() -> None:
    """retry_after, up to a bound."""
    waited: list[float] = []

    class Busy(Watched):
        async def fetch(self, path: str, *, offset: int, length: int) -> Range:
            waited.append(asyncio.get_running_loop().time())
            if len(waited) < 3:
                raise StoreBusy("ServerBusy", retry_after=(3.0, 1e9)[len(waited) - 1])
            return await super().fetch(path, offset=offset, length=length)

    catalog, parts = with_blobs({"a": 1})
    assert read(Busy(catalog.memory), parts) == {"a": b"a"}
    steps = [second - first for first, second in pairwise(waited)]
    assert steps == pytest.approx([3.0, LONGEST_WAIT])


def test_another_blob_of_the_name_is_never_read() -> None:
    """Made anew, deleted, of another kind, cut."""
    strikes: list[tuple[Callable[[MemoryStore], None], str]] = [
        (lambda memory: memory.replace("a"), "was replaced"),
        (lambda memory: memory.delete("a"), "no longer exists"),
        (lambda memory: memory.upload("a", b"0123456789"), "was replaced"),
        (lambda memory: memory.empty("a"), "became shorter"),
    ]
    for strike, words in strikes:
        catalog, parts = with_blobs({"a": 10})
        strike(catalog.memory)
        with pytest.raises(SnapshotGone, match=words):
            read(catalog, parts)


def test_an_old_view_is_asked_for_again() -> None:
    """A copy of the service that is behind shows fewer bytes for a moment."""
    catalog, parts = with_blobs({"a": 10})
    catalog.answers = [lambda found: found._replace(data=found.data[:4])] * 2
    assert read(catalog, parts) == {"a": b"a" * 10}
    assert len(catalog.asked) == 3


def test_a_refusal_is_the_stores_own() -> None:
    """A right that is missing is said at once, by its letter, and with the reader's remedy."""
    catalog, parts = with_blobs({"a": 10})
    catalog.memory.readable = False
    with pytest.raises(StoreRefused, match=r"may not read .*sp=rl \(here r ") as caught:
        read(catalog, parts)
    assert caught.value.reason is Refusal.NO_RIGHT
    assert caught.value.code == "AuthorizationPermissionMismatch"
    assert len(catalog.asked) == 1

    async def listed(_: VirtualLoop) -> None:
        await listing(catalog, "")

    with pytest.raises(StoreRefused, match=r"may not list .*sp=rl \(here l "):
        run_virtual(listed)


@pytest.mark.parametrize("hangs", ["list", "fetch"])
@pytest.mark.parametrize("given", [None, 5.0])
def test_a_store_that_never_answers(hangs: str, given: float | None) -> None:
    """It takes the request and says nothing: there is an end, and the message says what to do."""
    catalog, parts = with_blobs({"a": 10})
    limit = TIMEOUT if given is None else given

    class Silent(Watched):
        async def list(self, prefix: str) -> Any:
            async for listed in self.memory.list(prefix):
                yield listed
            if hangs == "list":
                await asyncio.Event().wait()

        async def fetch(self, path: str, *, offset: int, length: int) -> Range:
            if hangs == "fetch":
                await asyncio.Event().wait()
            return await super().fetch(path, offset=offset, length=length)

    async def main(loop: VirtualLoop) -> float:
        store: Any = Silent(catalog.memory)
        store = store if given is None else Patient(store, given)
        begin = loop.time()
        asked = listing(store, "") if hangs == "list" else Fetcher(store).range(parts[0], 0, 1)
        with pytest.raises(StoreUnreachable, match=f"for {limit:g} s; .*timeout="):
            await asked
        return loop.time() - begin

    assert run_virtual(main) == pytest.approx(limit, abs=0.1)


def test_a_long_listing_that_gets_on_has_all_the_time() -> None:
    """The limit is for an answer, not for all of them."""
    catalog, _ = with_blobs({f"{number:05}": 0 for number in range(3000)})

    class Slow(Watched):
        async def list(self, prefix: str) -> Any:
            at = 0
            async for listed in self.memory.list(prefix):
                at += 1
                if not at % 1000:
                    await asyncio.sleep(TIMEOUT - 1)
                yield listed

    async def main(_: VirtualLoop) -> int:
        return len(await listing(Slow(catalog.memory), ""))

    assert run_virtual(main) == 3000


def test_a_store_that_does_its_own_waiting_raises_its_own() -> None:
    """A TimeoutError that is not ours is not taken for it."""
    catalog, parts = with_blobs({"a": 1})

    class Own(Watched):
        async def fetch(self, path: str, *, offset: int, length: int) -> Range:
            raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        read(Own(catalog.memory), parts)


def test_nobody_who_stops_leaves_requests_behind() -> None:
    """The ranges ahead are cancelled."""
    catalog, parts = with_blobs({"a": 2 * AHEAD * RANGE})

    async def main(_: VirtualLoop) -> None:
        stretches: Any = Fetcher(catalog).stretches(parts)
        await anext(stretches)
        await stretches.aclose()
        assert not catalog.running

    run_virtual(main)


def test_a_listing_begins_again() -> None:
    """From its start, so that no page is missing."""
    catalog, _ = with_blobs({"a": 1, "b": 1})
    tries = 0

    class Torn(Watched):
        async def list(self, prefix: str) -> Any:
            nonlocal tries
            tries += 1
            async for listed in self.memory.list(prefix):
                yield listed
                if tries < 3:
                    raise OutcomeUnknown("ReadTimeout")

    async def main(_: VirtualLoop) -> list[str]:
        return [one.path for one in await listing(Torn(catalog.memory), "")]

    assert run_virtual(main) == ["a", "b"]
    assert tries == 3
